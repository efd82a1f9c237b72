//! Invalid HTTP.

use tonic::Code;

use crate::support::server::post;

/// One hostile request, and its expected answer.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) request: Vec<u8>,
    pub(super) status: u16,
    /// None where the request is so broken that the answer has no body of ours.
    pub(super) code: Option<Code>,
    /// All fields at fault, sorted.
    pub(super) fields: Vec<&'static str>,
}

const JSON: &str = "application/json";

fn row(name: &'static str, status: u16, code: Code, fields: &[&'static str], request: Vec<u8>) -> Row {
    Row {
        name,
        request,
        status,
        code: Some(code),
        fields: fields.to_vec(),
    }
}

/// A body that is refused for its content.
fn invalid(name: &'static str, path: &str, fields: &[&'static str], body: impl AsRef<[u8]>) -> Row {
    row(
        name,
        400,
        Code::InvalidArgument,
        fields,
        post(path, JSON, body.as_ref()),
    )
}

/// A request that is no HTTP.
fn broken(name: &'static str, status: u16, request: impl AsRef<[u8]>) -> Row {
    Row {
        name,
        request: request.as_ref().to_vec(),
        status,
        code: None,
        fields: Vec::new(),
    }
}

fn plain(method: &str, path: &str) -> Vec<u8> {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").into_bytes()
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = bodies();
    rows.extend(reports());
    rows.extend(paths());
    rows.extend(transport());
    rows
}

fn bodies() -> Vec<Row> {
    let lookup = |name, fields, body: &str| invalid(name, "/v1/lookup", fields, body);
    let deep = "[".repeat(20_000);
    let nested = format!("{}1{}", r#"{"number":"#.repeat(200), "}".repeat(200));
    let long = format!(r#"{{"number": "{}"}}"#, "1".repeat(60_000));
    vec![
        lookup("nothing", &["body"], ""),
        lookup("no JSON", &["body"], "number=1"),
        lookup("half of it", &["body"], r#"{"number": "+13152328257""#),
        lookup("two of it", &["body"], r#"{"number": "+13152328257"}{}"#),
        lookup("an array", &["body"], "[]"),
        lookup("a string", &["body"], r#""+13152328257""#),
        lookup("null", &["body"], "null"),
        lookup("an empty object", &["number"], "{}"),
        lookup("NaN", &["body"], r#"{"number": NaN}"#),
        lookup("a comment", &["body"], "{/* */}"),
        lookup("20,000 brackets", &["body"], &deep),
        lookup("200 objects in each other", &["number"], &nested),
        lookup("60,000 digits", &["number"], &long),
        lookup("a field twice", &["number"], r#"{"number": "1", "number": "2"}"#),
        lookup("an unknown field", &["nmuber"], r#"{"nmuber": "+13152328257"}"#),
        lookup(
            "__proto__",
            &["__proto__"],
            r#"{"number": "+13152328257", "__proto__": {}}"#,
        ),
        lookup("a number as a number", &["number"], r#"{"number": 13152328257}"#),
        lookup(
            "an unknown role",
            &["role"],
            r#"{"number": "+13152328257", "role": "SLEEPING"}"#,
        ),
        lookup(
            "a role beyond all integers",
            &["role"],
            r#"{"number": "+13152328257", "role": 1e99}"#,
        ),
        lookup(
            "an unknown region",
            &["defaultRegion"],
            r#"{"number": "+13152328257", "defaultRegion": "??"}"#,
        ),
        lookup("null bytes", &["number"], r#"{"number": "\u0000\u0000"}"#),
        lookup("half a surrogate", &["body"], r#"{"number": "\ud800"}"#),
        lookup("emoji", &["number"], r#"{"number": "☎️"}"#),
        invalid(
            "text that is not UTF-8",
            "/v1/lookup",
            &["body"],
            b"{\"number\": \"\xff\xfe\"}",
        ),
        invalid("UTF-16", "/v1/lookup", &["body"], b"\xff\xfe{\0}\0"),
    ]
}

fn reports() -> Vec<Row> {
    let report = |name, fields, rest: &str| {
        let body = format!(r#"{{"reportId": "h", "number": "+13152328257", {rest}}}"#);
        invalid(name, "/v1/reports", fields, body)
    };
    let comment = format!(r#""comment": "{}""#, "c".repeat(2_001));
    vec![
        invalid("an empty report", "/v1/reports", &["number"], "{}"),
        invalid(
            "a report in a report",
            "/v1/reports",
            &["report"],
            r#"{"report": {"reportId": "h"}}"#,
        ),
        invalid(
            "a note on a number and a case",
            "/v1/notes",
            &["caseId", "number"],
            r#"{"number": "+13152328257", "caseId": "a", "text": "x", "actor": "ana", "requestId": "r"}"#,
        ),
        invalid(
            "withdrawal of an import and of a reporter",
            "/v1/reports:withdraw",
            &["importId", "reporterId"],
            r#"{"importId": "a", "reporterId": "b", "requestId": "r"}"#,
        ),
        report("an unknown category", &["category"], r#""category": "CATEGORY_NICE""#),
        report(
            "a category with an unknown name",
            &["category"],
            r#""category": "TAX_SCAN_X""#,
        ),
        report(
            "the 30th of February",
            &["occurredAt"],
            r#""occurredAt": "2025-02-30T00:00:00Z""#,
        ),
        report(
            "a time without zone",
            &["occurredAt"],
            r#""occurredAt": "2025-02-03T00:00:00""#,
        ),
        report("seconds for a time", &["occurredAt"], r#""occurredAt": 1700000000"#),
        report(
            "the year 9999",
            &["occurredAt"],
            r#""occurredAt": "9999-12-31T23:59:59Z""#,
        ),
        report("truth as text", &["notSpam"], r#""notSpam": "yes""#),
        report("a null byte in a comment", &["comment"], r#""comment": "a\u0000b""#),
        report("a long comment", &["comment"], &comment),
        report(
            "callbacks that are no list",
            &["callbackNumbers"],
            r#""callbackNumbers": "+13152328258""#,
        ),
        report(
            "many at once",
            &["category", "notSpam", "wat"],
            r#""category": [], "notSpam": 1, "wat": null"#,
        ),
    ]
}

fn paths() -> Vec<Row> {
    let good = br#"{"number": "+13152328257"}"#;
    let bad_type = |name, kind| row(name, 415, Code::InvalidArgument, &[], post("/v1/lookup", kind, good));
    let number = |name, field, path| row(name, 400, Code::InvalidArgument, field, plain("GET", path));
    let no_path = |name, path| row(name, 404, Code::NotFound, &[], plain("GET", path));
    let no_method = |name, method, path| row(name, 405, Code::Unimplemented, &[], plain(method, path));
    vec![
        bad_type("text", "text/plain"),
        bad_type("a form", "application/x-www-form-urlencoded"),
        bad_type("nearly JSON", "application/jsonp"),
        bad_type("no type", ""),
        no_path("a folder", "/v1/"),
        no_path("another version", "/v2/lookup"),
        no_path("a longer path", "/v1/numbers/+13152328257/x"),
        no_path("up and out", "/v1/../etc/passwd"),
        no_path("no number", "/v1/numbers/"),
        no_method("GET of a lookup", "GET", "/v1/lookup"),
        no_method("DELETE of a number", "DELETE", "/v1/numbers/+13152328257"),
        no_method("POST of metrics", "POST", "/metrics"),
        no_method("an invented method", "BREW", "/v1/reports"),
        number("garbage in the path", &["number"], "/v1/numbers/garbage"),
        number("a national number", &["number"], "/v1/numbers/3152328257"),
        number("an impossible number", &["number"], "/v1/numbers/+1315232825799123"),
        number("a null byte in the path", &["number"], "/v1/numbers/%00"),
        number("no UTF-8 in the path", &["number"], "/v1/numbers/%ff%fe"),
        number("half an escape in the path", &["number"], "/v1/numbers/%2"),
        number("an unknown verb of GET", &["number"], "/v1/numbers/+13152328257:fly"),
        number(
            "a query",
            &["defaultRegion"],
            "/v1/numbers/+13152328257?defaultRegion=US",
        ),
        number("a long parameter", &[LONG_NAME], LONG_PARAMETER),
        number(
            "a parameter that is no number",
            &["pageSize"],
            "/v1/cases?pageSize=many",
        ),
        number("a negative page", &["pageSize"], "/v1/cases?pageSize=-1"),
        number("a page beyond all integers", &["pageSize"], "/v1/cases?pageSize=1e99"),
        number("a parameter twice", &["query"], "/v1/cases?query=a&query=b"),
        number(
            "a parameter in both spellings",
            &["pageSize"],
            "/v1/cases?pageSize=1&page_size=1",
        ),
        number("a status by its number", &["status"], "/v1/cases?status=4"),
        number("a parameter that is not UTF-8", &["query"], "/v1/cases?query=%ff"),
        number(
            "two wrong parameters",
            &["pageSize", "status"],
            "/v1/cases?pageSize=x&status=y",
        ),
        number("two unknown parameters", &["a", "b"], "/v1/cases?a=1&b&query=x"),
        number("a score that is none", &["minScore"], "/v1/numbers?minScore=NaN"),
        number("truth as a number", &["includeMembers"], "/v1/cases/a?includeMembers=1"),
        no_path("a case in a case", "/v1/cases/a/b"),
        no_path("nearly a path", "/v1/casesx"),
        row(
            "an unknown case",
            404,
            Code::NotFound,
            &[],
            plain("GET", "/v1/cases/nobody"),
        ),
        row(
            "a verb in an id",
            400,
            Code::InvalidArgument,
            &["caseId"],
            plain("GET", "/v1/cases/a%3Atransition"),
        ),
        no_method("GET of a verb", "GET", "/v1/cases/a:transition"),
        no_method("POST of no verb", "POST", "/v1/numbers/+13152328257"),
        no_method("POST of an unknown verb", "POST", "/v1/numbers/+13152328257:fly"),
        no_method("PUT of a case", "PUT", "/v1/cases/a"),
        row(
            "a withdrawal without a number",
            400,
            Code::InvalidArgument,
            &["number"],
            plain("DELETE", "/v1/reports/known"),
        ),
        invalid(
            "the number in the path and in the body",
            "/v1/numbers/+13152328257:reset",
            &["number"],
            r#"{"number": "+13152328257", "actor": "ana", "requestId": "r"}"#,
        ),
        invalid("a parameter of a lookup", "/v1/lookup?view=VIEW_FULL", &["view"], good),
        invalid("nothing in a batch", "/v1/lookup:batch", &["requests"], "{}"),
    ]
}

const LONG_NAME: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const LONG_PARAMETER: &str = concat!("/v1/cases?", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbb=1");

fn transport() -> Vec<Row> {
    let large = format!(r#"{{"number": "{}"}}"#, "1".repeat(70_000));
    let chunked = format!(
        "POST /v1/lookup HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {JSON}\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    let too_large = |name, request| row(name, 413, Code::InvalidArgument, &[], request);
    let headers = |count| "x: y\r\n".repeat(count);
    vec![
        too_large("a large body", post("/v1/lookup", JSON, large.as_bytes())),
        too_large("a large body in chunks", chunked.into_bytes()),
        too_large("10 MiB of report", post("/v1/reports", JSON, &vec![b' '; 10 << 20])),
        broken(
            "TLS",
            400,
            [
                0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, b'\r', b'\n',
            ],
        ),
        broken("no HTTP", 400, "hello\r\n\r\n"),
        broken("HTTP/9", 400, "GET / HTTP/9.9\r\n\r\n"),
        broken(
            "a negative length",
            400,
            "POST /v1/lookup HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        ),
        broken(
            "100 headers",
            431,
            format!("GET /healthz HTTP/1.1\r\n{}\r\n", headers(100)),
        ),
        broken(
            "a header of 1 MB",
            431,
            format!("GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1_000_000)),
        ),
        broken(
            "a path of 70 kB",
            414,
            format!("GET /{} HTTP/1.1\r\n\r\n", "p".repeat(70_000)),
        ),
    ]
}

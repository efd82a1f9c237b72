//! The documentation of HTTP lists the same routes as the route table, and its examples are the tested ones.

use std::fs;
use std::path::Path;

use ringwarden::http::{Body, ROUTES, Route};

fn row(route: &Route) -> String {
    let mut takes = Vec::new();
    match route.body {
        Body::None => {}
        Body::Request => takes.push("the request as the body".to_owned()),
        Body::Items { field, head, .. } => {
            let head = head.map(|(head, _)| format!("`{head}` and ")).unwrap_or_default();
            takes.push(format!("{head}`{field}` in the body"));
        }
        Body::Field(field) => takes.push(format!("its `{field}` as the body")),
    }
    let names: Vec<_> = route.query.iter().map(|known| format!("`{}`", known.name)).collect();
    if !names.is_empty() {
        takes.push(names.join(", "));
    }
    let verb = route.method.as_str();
    let (path, service, rpc) = (route.path, route.service, route.rpc);
    format!("| `{verb} {path}` | `{service}.{rpc}` | {} |\n", takes.join("; "))
}

#[test]
fn the_table_in_the_documentation_is_the_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/http.md");
    let page = fs::read_to_string(page).unwrap();
    let rows: String = ROUTES.iter().map(row).collect();
    let expected = format!("<!-- routes -->\n\n| HTTP | gRPC | Takes |\n|---|---|---|\n{rows}\n<!-- /routes -->");
    assert!(
        page.contains(&expected),
        "docs/http.md does not hold this table:\n{expected}"
    );
}

//! Which protocol an address speaks, and the answer to a client that speaks the other one. The two addresses are easily
//! mixed up, and without an answer the client only sees that the connection breaks.

/// The first bytes of every HTTP/2 client (RFC 9113, section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How the answer to a client of gRPC begins, if it has connected to the address for JSON.
pub(crate) const JSON_PORT: &str = "this port speaks JSON over HTTP/1.1";

/// How the answer to a client in plain text begins, if the address speaks TLS.
pub(crate) const TLS_PORT: &str = "this port speaks TLS";

/// The protocol of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// gRPC, which is HTTP/2 with prior knowledge.
    Grpc,
    /// HTTP/1.1.
    Http,
}

impl Protocol {
    /// Number of bytes that a client must send in time; 0 if the protocol has its own time limit. After the preface of
    /// HTTP/2, pings show whether the client is still there.
    pub(super) const fn first_bytes(self) -> usize {
        match self {
            Self::Grpc => HTTP2_PREFACE.len(),
            Self::Http => 0,
        }
    }

    /// The name of the protocol in the log.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "gRPC",
            Self::Http => "HTTP",
        }
    }

    /// The name under which TLS negotiates the protocol (ALPN, RFC 7301).
    pub(super) const fn alpn(self) -> &'static [u8] {
        match self {
            Self::Grpc => b"h2",
            Self::Http => b"http/1.1",
        }
    }

    /// The answer to a client that speaks plain text to an address of TLS. Noise gets none.
    pub(super) fn plain_text_refusal(first: &[u8]) -> Refusal {
        let text = format!("{TLS_PORT}: use https://");
        if HTTP2_PREFACE.starts_with(first) || first.starts_with(b"PRI ") {
            goaway(&text)
        } else if is_text(first) {
            bad_request(&text)
        } else {
            Refusal::silent()
        }
    }

    /// The answer to a client whose first bytes belong to the other protocol; `None` if they may belong to this one.
    pub(super) fn refusal(self, first: &[u8]) -> Option<Refusal> {
        let looks_like_http2 = HTTP2_PREFACE.starts_with(first) || first.starts_with(HTTP2_PREFACE);
        match self {
            Self::Grpc if !looks_like_http2 && is_text(first) => Some(http1_refusal()),
            Self::Http if first.starts_with(b"PRI ") => Some(http2_refusal()),
            Self::Grpc | Self::Http => None,
        }
    }
}

/// The answer to a client of the other protocol.
#[derive(Debug)]
pub(super) struct Refusal {
    /// What is sent at once.
    pub(super) first: Vec<u8>,
    /// What is sent a moment later. An HTTP/2 client shows the text only if its call has begun, and some clients begin a call
    /// after the first frame of the server.
    pub(super) then: Vec<u8>,
}

impl Refusal {
    /// The connection ends without a word.
    pub(super) const fn silent() -> Self {
        Self {
            first: Vec::new(),
            then: Vec::new(),
        }
    }
}

/// Whether these may be the first bytes of a request of HTTP/1: a method, in capitals.
fn is_text(first: &[u8]) -> bool {
    first.first().is_some_and(u8::is_ascii_uppercase)
}

fn http1_refusal() -> Refusal {
    bad_request("this port speaks gRPC; JSON over HTTP is on another port (--http-addr, by default 127.0.0.1:8080)")
}

fn bad_request(text: &str) -> Refusal {
    let body = format!("{{\"code\":3,\"message\":\"{text}\"}}");
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    Refusal {
        first: answer.into_bytes(),
        then: Vec::new(),
    }
}

fn http2_refusal() -> Refusal {
    goaway(&format!(
        "{JSON_PORT}; gRPC is on another port (--grpc-addr, by default 127.0.0.1:50051)"
    ))
}

/// An empty SETTINGS frame, which every server sends first, and a GOAWAY frame (RFC 9113, sections 6.5 and 6.8), whose
/// text clients show.
fn goaway(text: &str) -> Refusal {
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GOAWAY: u8 = 7;
    const HTTP_1_1_REQUIRED: [u8; 4] = [0, 0, 0, 0xd];
    // The number of the last stream, and the error code, each of four bytes, and then the text. It is shorter than 256.
    let length = u8::try_from(8 + text.len()).unwrap_or(u8::MAX);
    let mut goaway = vec![0, 0, length, GOAWAY, 0, 0, 0, 0, 0];
    goaway.extend([0; 4]);
    goaway.extend(HTTP_1_1_REQUIRED);
    goaway.extend(text.as_bytes());
    Refusal {
        first: SETTINGS.to_vec(),
        then: goaway,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_other_protocol_is_refused() {
        for first in [HTTP2_PREFACE, b"P", b"PRI * HT"] {
            assert!(Protocol::Grpc.refusal(first).is_none());
        }
        // TLS, and noise: there is no text that such a client would show.
        for first in [&b"\x16\x03\x01"[..], b"\0", b""] {
            assert!(Protocol::Grpc.refusal(first).is_none());
            assert!(Protocol::Http.refusal(first).is_none());
        }
        for first in [&b"GET / HTTP/1.1\r\n"[..], b"POST /v1/lookup HTTP/1.1\r\n", b"PUT"] {
            let refusal = String::from_utf8(Protocol::Grpc.refusal(first).unwrap().first).unwrap();
            assert!(
                refusal.starts_with("HTTP/1.1 400 ") && refusal.contains("--http-addr"),
                "{refusal}"
            );
            assert!(Protocol::Http.refusal(first).is_none());
        }
        assert!(Protocol::Http.refusal(HTTP2_PREFACE).is_some());
    }

    #[test]
    fn a_client_in_plain_text_is_told_in_its_protocol_that_the_port_speaks_tls() {
        let told = |first: &[u8]| {
            let Refusal { first, then } = Protocol::plain_text_refusal(first);
            String::from_utf8_lossy(&[first, then].concat()).into_owned()
        };
        assert!(told(HTTP2_PREFACE).ends_with("this port speaks TLS: use https://"));
        let answer = told(b"GET / HTTP/1.1\r\n");
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains(TLS_PORT),
            "{answer}"
        );
        assert_eq!(told(b"\0\x01"), "");
    }

    #[test]
    fn the_frames_have_their_lengths() {
        for refusal in [http2_refusal(), Protocol::plain_text_refusal(HTTP2_PREFACE)] {
            let Refusal { first, then } = refusal;
            assert_eq!(first.len(), 9);
            let length = usize::from(then[2]);
            assert_eq!(then.len(), 9 + length);
            assert!(length < 256 && then[..2] == [0, 0]);
        }
    }
}

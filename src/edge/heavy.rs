//! Hands heavy requests and batches of lookups over to runtimes of their own, with their decoding and the rendering of their
//! answers.
//!
//! The task of the request, on the runtime of lookups, only passes the parts of the answer on. If the client leaves, the work
//! is cancelled as it would be there: at its next pause. A panic goes on in the task of the request, where the layer around
//! this one catches it.

use std::convert::Infallible;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use http::response::Parts as Head;
use http::{Method, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use pin_project_lite::pin_project;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinError;
use tower::{Layer, Service};

use super::turns::{BodyInTurns, StreamTurns};
use crate::tasks::{HandedOver, Heavy, polls};

/// Parts of an answer that were made and wait until the client takes them.
const PARTS_AHEAD: usize = 1;

/// Where a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the runtime of lookups: a lookup, a probe.
    Here,
    /// There as well, with pauses: a stream of lookups.
    InTurns,
    /// With the batches of lookups.
    Batches,
    /// With the heavy work.
    Heavy,
}

/// Where a request is answered, by its method and path.
pub(crate) type PlaceOf = fn(&Method, &str) -> Place;

/// Hands heavy requests over, and lets streams of lookups pause.
#[derive(Clone, Debug)]
pub(crate) struct HeavyLayer {
    heavy: Heavy,
    place_of: PlaceOf,
    turns: StreamTurns,
}

impl HeavyLayer {
    /// A layer for a service on the runtime of the caller.
    pub(crate) fn new(heavy: Heavy, place_of: PlaceOf) -> Self {
        Self {
            heavy,
            place_of,
            turns: StreamTurns::of_runtime(),
        }
    }
}

impl<S> Layer<S> for HeavyLayer {
    type Service = HandsOver<S>;

    fn layer(&self, inner: S) -> HandsOver<S> {
        HandsOver {
            layer: self.clone(),
            inner,
        }
    }
}

/// A service whose heavy requests are handed over.
#[derive(Clone, Debug)]
pub(crate) struct HandsOver<S> {
    layer: HeavyLayer,
    inner: S,
}

impl<S, A, B> Service<Request<A>> for HandsOver<S>
where
    S: Service<Request<A>, Response = Response<B>, Error = Infallible, Future: Send + 'static>,
    B: Body<Data: Send, Error: Send> + Send + Unpin + 'static,
{
    type Response = Response<AnswerBody<B>>;
    type Error = Infallible;
    type Future = Answer<S::Future, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let HeavyLayer { heavy, place_of, turns } = &self.layer;
        let place = place_of(request.method(), request.uri().path());
        let answer = self.inner.call(request);
        let (head, made) = oneshot::channel();
        let work = match place {
            Place::Here => return Answer::Here { answer, turns: None },
            Place::InTurns => {
                let turns = Some(turns.clone());
                return Answer::Here { answer, turns };
            }
            Place::Batches => heavy.hand_over_batch(make(answer, head)),
            Place::Heavy => heavy.hand_over(make(answer, head)),
        };
        Answer::There { made, work: Some(work) }
    }
}

/// The first part of an answer that was made elsewhere: its head, and its body or where the parts of it come from.
type Made<B> = (Head, Result<B, LaterParts<B>>);
type PartOf<B> = Result<Frame<<B as Body>::Data>, <B as Body>::Error>;

/// The parts of a body that are made one after the other.
struct LaterParts<B: Body> {
    parts: mpsc::Receiver<PartOf<B>>,
    size: SizeHint,
}

/// Makes an answer, part by part, as long as somebody takes them.
async fn make<B>(answer: impl Future<Output = Result<Response<B>, Infallible>>, made: oneshot::Sender<Made<B>>)
where
    B: Body + Unpin,
{
    let Ok(answer) = answer.await;
    let (head, body) = answer.into_parts();
    if body.is_end_stream() || body.size_hint().exact().is_some() {
        let _left = made.send((head, Ok(body))); // all of it is rendered
        return;
    }
    let (parts, later) = mpsc::channel(PARTS_AHEAD);
    let later = LaterParts {
        parts: later,
        size: body.size_hint(),
    };
    let _left = made.send((head, Err(later)));
    let mut body = pin!(body);
    while let Some(part) = body.frame().await {
        if parts.send(part).await.is_err() {
            return;
        }
    }
}

pin_project! {
    /// An answer on its way, made here or elsewhere.
    #[project = AnswerAt]
    pub(crate) enum Answer<F, B: Body> {
        Here {
            #[pin]
            answer: F,
            // None if the answer is made in one go.
            turns: Option<StreamTurns>,
        },
        There {
            made: oneshot::Receiver<Made<B>>,
            work: Option<HandedOver<()>>,
        },
    }
}

impl<F, B> Future for Answer<F, B>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
    B: Body + Unpin,
{
    type Output = Result<Response<AnswerBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            AnswerAt::Here { answer, turns } => {
                let answer = ready!(polls::measured(|| answer.poll(cx)));
                let turns = turns.take();
                let body = |body| match turns {
                    Some(turns) => AnswerBody::InTurns(BodyInTurns::new(body, turns)),
                    None => AnswerBody::Whole(body),
                };
                Poll::Ready(answer.map(|answer| answer.map(body)))
            }
            AnswerAt::There { made, work } => match ready!(Pin::new(made).poll(cx)) {
                Ok((head, body)) => {
                    let work = work.take();
                    let body = match body {
                        Ok(body) => AnswerBody::Whole(body),
                        Err(later) => AnswerBody::InParts(InParts { later, work }),
                    };
                    Poll::Ready(Ok(Response::from_parts(head, body)))
                }
                Err(_) => ready!(poll_end(work, cx)).map_or_else(|| Poll::Pending, |error| fail(error)),
            },
        }
    }
}

/// The body of an answer.
pub(crate) enum AnswerBody<B: Body> {
    /// It is rendered, or rendered here.
    Whole(B),
    /// Its parts are made here, in turns.
    InTurns(BodyInTurns<B>),
    /// Its parts are made elsewhere.
    InParts(InParts<B>),
}

/// A body whose parts are made elsewhere.
pub(crate) struct InParts<B: Body> {
    later: LaterParts<B>,
    /// What makes the parts; none after its end.
    work: Option<HandedOver<()>>,
}

impl<B: Body + Unpin> Body for AnswerBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<PartOf<B>>> {
        match self.get_mut() {
            Self::Whole(body) => polls::measured(|| Pin::new(body).poll_frame(cx)),
            Self::InTurns(body) => Pin::new(body).poll_frame(cx),
            Self::InParts(InParts { later, work }) => match ready!(later.parts.poll_recv(cx)) {
                Some(part) => Poll::Ready(Some(part)),
                // Without this, an answer that was cut off by a panic would look complete.
                None => match ready!(poll_end(work, cx)) {
                    Some(error) => fail(error),
                    None => Poll::Ready(None),
                },
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::InTurns(body) => body.is_end_stream(),
            Self::InParts(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::InTurns(body) => body.size_hint(),
            Self::InParts(body) => body.later.size,
        }
    }
}

/// Waits for the end of the work; gives the reason if it did not come to its end.
fn poll_end(work: &mut Option<HandedOver<()>>, cx: &mut Context<'_>) -> Poll<Option<JoinError>> {
    let Some(running) = work else {
        return Poll::Ready(None);
    };
    let ended = ready!(Pin::new(running).poll(cx));
    *work = None;
    Poll::Ready(ended.err())
}

/// Goes on with the panic of work that was handed over. Work whose runtime ended fails in the same way: the process ends.
fn fail(error: JoinError) -> ! {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(cancelled) => resume_unwind(Box::new(cancelled)),
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;
    use std::thread;

    use bytes::Bytes;
    use futures_util::FutureExt as _;
    use futures_util::stream::{self, StreamExt as _};
    use http_body_util::{Full, StreamBody};
    use tower::service_fn;

    use super::*;

    /// The names of the threads of heavy work and of batches.
    const HEAVY: Option<&str> = Some("heavy");
    const BATCHES: Option<&str> = Some("batches");

    fn layer() -> HeavyLayer {
        HeavyLayer::new(Heavy::start(1).unwrap(), |_, path| match path {
            "/light" => Place::Here,
            "/stream" => Place::InTurns,
            "/batch" => Place::Batches,
            _ => Place::Heavy,
        })
    }

    fn request(path: &str) -> Request<()> {
        Request::builder().uri(path).body(()).unwrap()
    }

    #[tokio::test]
    async fn each_request_is_answered_in_its_place() {
        let mut service = layer().layer(service_fn(async |_: Request<()>| {
            let thread = match thread::current().name() {
                HEAVY => "heavy",
                BATCHES => "batches",
                _ => "here",
            };
            Ok(Response::new(Full::new(Bytes::from(thread))))
        }));
        for (path, thread) in [
            ("/light", "here"),
            ("/stream", "here"),
            ("/batch", "batches"),
            ("/other", "heavy"),
        ] {
            let answer = service.call(request(path)).await.unwrap();
            assert_eq!(answer.body().size_hint().exact(), Some(thread.len() as u64));
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), thread, "{path}");
        }
    }

    /// A body of three parts, each made where it says; the last one may fail.
    fn in_parts(fails: bool) -> impl Body<Data = Bytes, Error = Infallible> + Send + Unpin {
        StreamBody::new(stream::iter(0..3).map(move |n| {
            assert!(!fails || n < 2, "on purpose");
            let is_heavy = thread::current().name() == HEAVY;
            Ok(Frame::data(Bytes::from(is_heavy.to_string())))
        }))
    }

    #[tokio::test]
    async fn the_parts_of_a_heavy_answer_are_made_there_and_a_panic_does_not_look_like_their_end() {
        let mut service = layer().layer(service_fn(async |request: Request<()>| {
            Ok(Response::new(in_parts(request.uri().path() == "/fails")))
        }));
        let whole = service.call(request("/whole")).await.unwrap().into_body().collect();
        assert_eq!(whole.await.unwrap().to_bytes(), "truetruetrue");
        let cut = service.call(request("/fails")).await.unwrap().into_body().collect();
        assert!(AssertUnwindSafe(cut).catch_unwind().await.is_err());
    }

    #[tokio::test]
    async fn a_panic_goes_on_where_the_request_is() {
        let mut service = layer().layer(service_fn(async |_: Request<()>| {
            assert!(thread::current().name() != HEAVY, "on purpose");
            Ok(Response::new(Full::<Bytes>::default()))
        }));
        let answer = service.call(request("/other"));
        assert!(AssertUnwindSafe(answer).catch_unwind().await.is_err());
    }

    #[tokio::test]
    async fn work_ends_when_nobody_waits_for_it() {
        let (held, mut released) = mpsc::channel::<()>(1);
        let mut service = layer().layer(service_fn(move |_: Request<()>| {
            let held = held.clone();
            async move {
                held.send(()).await.ok();
                std::future::pending::<()>().await;
                Ok(Response::new(Full::<Bytes>::default()))
            }
        }));
        let answer = service.call(request("/other"));
        assert_eq!(released.recv().await, Some(()), "it began");
        drop((answer, service));
        assert_eq!(released.recv().await, None);
    }
}

//! The body of a request, with an end to the waiting for it.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};

use super::link::Link;

/// Why a body was not read to its end: it took too long. It is the source of the error that reading it gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body of the request did not come in time")]
pub struct LateBody;

impl LateBody {
    /// Whether it is behind another error, such as [`axum::Error`].
    #[must_use]
    pub fn is_behind(error: &(dyn Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| (*error).source()).any(|error| error.is::<Self>())
    }
}

/// The body of a request on this connection.
pub(super) fn timed(body: Incoming, link: &Arc<Link>) -> Body {
    match body.is_end_stream() {
        // Most requests have none, and pay for none.
        true => Body::empty(),
        false => Body::new(TimedBody { body, link: Arc::clone(link), is_over: false, overdue: None }),
    }
}

struct TimedBody {
    body: Incoming,
    link: Arc<Link>,
    /// Whether it was read to its end, or to where it breaks off.
    is_over: bool,
    /// Ends when it should be here; begins with the first wait.
    overdue: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Some(Err(error))) => {
                this.is_over = true;
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => {
                this.is_over = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                let overdue = this.overdue.get_or_insert_with(|| {
                    let (clock, within) = (this.link.clock.clone(), this.link.body_within);
                    Box::pin(async move { clock.sleep(within).await })
                });
                match overdue.as_mut().poll(cx) {
                    Poll::Ready(()) => {
                        this.link.be_late();
                        Poll::Ready(Some(Err(LateBody.into())))
                    }
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        if !self.is_over && !self.body.is_end_stream() {
            self.link.leave_unread();
        }
    }
}

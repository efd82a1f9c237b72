//! Reads a socket, and asks the kernel when the bytes came.
//!
//! The kernel takes in bytes while this process does not run: when a container has used up its share of the processor, or the
//! host is busy. Linux says with the bytes when the last of them came (`SO_TIMESTAMPNS`, socket(7)). On another system the
//! time is unknown.

use std::io;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::ReadBuf;
use tokio::net::TcpStream;

#[cfg(target_os = "linux")]
use crate::clock::monotonic_at;

/// Reads one socket.
#[derive(Debug)]
pub(super) struct Receiver {
    /// Room for the time that comes with the bytes; empty if the system does not tell it.
    #[cfg(target_os = "linux")]
    control: Vec<u8>,
}

#[cfg(target_os = "linux")]
impl Receiver {
    pub(super) fn new(stream: &TcpStream) -> Self {
        use nix::sys::socket::{setsockopt, sockopt};
        // Without it, the time is unknown, as on another system.
        let control = match setsockopt(stream, sockopt::ReceiveTimestampns, &true) {
            Ok(()) => nix::cmsg_space!(nix::sys::time::TimeSpec),
            Err(_) => Vec::new(),
        };
        Self { control }
    }

    /// Reads, and says when the last of the bytes came.
    pub(super) fn poll_read(
        &mut self,
        stream: &mut TcpStream,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Option<Instant>>> {
        use std::os::fd::AsRawFd as _;
        use std::task::ready;
        loop {
            ready!(stream.poll_read_ready(cx))?;
            let mut received = None;
            let socket = stream.as_raw_fd();
            let tried = stream.try_io(tokio::io::Interest::READABLE, || {
                let (bytes, came_at) = receive(socket, &mut self.control, buf.initialize_unfilled())?;
                received = Some((bytes, came_at));
                // There was less than there is room for, so all was read: the next bytes wake the task. Without this, each
                // read would be followed by another one in vain.
                if 0 < bytes && bytes < buf.remaining() {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Ok(())
            });
            if let Some((bytes, came_at)) = received {
                buf.advance(bytes);
                return Poll::Ready(Ok(came_at));
            }
            match tried {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(()) => return Poll::Ready(Ok(None)),
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn receive(socket: std::os::fd::RawFd, control: &mut [u8], room: &mut [u8]) -> io::Result<(usize, Option<Instant>)> {
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
    let mut parts = [io::IoSliceMut::new(room)];
    let received = recvmsg::<()>(socket, &mut parts, Some(control), MsgFlags::empty())?;
    let times = received.cmsgs().ok().into_iter().flatten();
    let came_at = times.filter_map(|message| {
        if let ControlMessageOwned::ScmTimestampns(time) = message {
            monotonic_at(time.into())
        } else {
            None
        }
    });
    let came_at = came_at.last();
    Ok((received.bytes, came_at))
}

#[cfg(not(target_os = "linux"))]
impl Receiver {
    pub(super) fn new(_: &TcpStream) -> Self {
        Self {}
    }

    /// Reads. When the bytes came is unknown.
    pub(super) fn poll_read(
        &mut self,
        stream: &mut TcpStream,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Option<Instant>>> {
        use tokio::io::AsyncRead as _;
        std::pin::Pin::new(stream).poll_read(cx, buf).map_ok(|()| None)
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncWriteExt as _, Interest};
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock::monotonic;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        (client, server)
    }

    async fn read(receiver: &mut Receiver, stream: &mut TcpStream, room: usize) -> (Vec<u8>, Option<Instant>) {
        let mut bytes = vec![0; room];
        let mut buf = ReadBuf::new(&mut bytes);
        let came_at = std::future::poll_fn(|cx| receiver.poll_read(stream, cx, &mut buf)).await;
        let read = buf.filled().to_vec();
        (read, came_at.unwrap())
    }

    #[tokio::test]
    async fn the_kernel_says_when_the_bytes_came() {
        let (mut client, mut server) = pair().await;
        let mut receiver = Receiver::new(&server);
        let before = monotonic();
        client.write_all(b"early").await.unwrap();
        server.ready(Interest::READABLE).await.unwrap();
        let sent = monotonic();
        std::thread::sleep(Duration::from_millis(300));
        let (bytes, came_at) = read(&mut receiver, &mut server, 3).await;
        assert_eq!(bytes, b"ear");
        // The clocks are read one after the other, so they agree to less than this.
        let slack = Duration::from_millis(100);
        let came_at = came_at.unwrap();
        assert!(before - slack < came_at && came_at < sent + slack);
        assert_eq!(read(&mut receiver, &mut server, 3).await.0, b"ly");
    }

    #[tokio::test]
    async fn all_bytes_are_read_however_they_come_and_then_the_end() {
        let (mut client, mut server) = pair().await;
        let mut receiver = Receiver::new(&server);
        let sent: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let all = sent.clone();
        let writes = async move {
            for part in all.chunks(7_001) {
                client.write_all(part).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let reads = async {
            let mut got = Vec::new();
            loop {
                let (bytes, _) = read(&mut receiver, &mut server, 4_096).await;
                if bytes.is_empty() {
                    return got;
                }
                got.extend(bytes);
            }
        };
        let ((), got) = tokio::join!(writes, reads);
        assert!(got == sent);
    }
}

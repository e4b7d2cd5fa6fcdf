//! Ctrl-C and SIGTERM: once is an order to halt, twice is to leave at once.

use std::io;

use reinstall_core::action::Order;
use tokio::sync::mpsc::UnboundedSender;

/// Hands the first signal on as an order to halt, and returns at the second.
pub(super) async fn relay(orders: UnboundedSender<Order>) {
    let mut signals = match Signals::catch() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!(%error, "signals cannot be caught; Ctrl-C ends this process at once");
            return std::future::pending().await;
        }
    };
    signals.next().await;
    // Where nobody takes orders any more, the rollout is over.
    orders.send(Order::Halt).ok();
    signals.next().await;
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn catch() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

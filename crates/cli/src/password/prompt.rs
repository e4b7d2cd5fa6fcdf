//! Asks for a password at the keyboard: what is typed is not shown, and the terminal is given back as it was, whichever key ends
//! it.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use rustix::process::{Signal, kill_current_process_group};
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, SpecialCodes, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::prompt::{controlling_terminal, question};

/// Asks on the controlling terminal, or else on standard error and input, which are terminals then, and reads a line.
///
/// The keys that send signals (Ctrl-C, Ctrl-\, Ctrl-Z) do so once the terminal shows again what is typed. After a stop the
/// question is asked once more.
///
/// # Errors
/// The terminal's; or that a key sent a signal which this program was told to ignore.
pub(super) fn ask(wanted: &str) -> io::Result<Zeroizing<String>> {
    loop {
        let keyboard = keyboard()?;
        let hidden = Hidden::begin(keyboard.try_clone()?)?;
        let mut out = question();
        write!(out, "{wanted}")?;
        out.flush()?;
        let pressed = Rc::new(Cell::new(None));
        let keys = Keys { keyboard, codes: hidden.before.special_codes.clone(), pressed: Rc::clone(&pressed) };
        let config = rpassword::ConfigBuilder::new().input_reader(keys).output_discard().build();
        let typed = rpassword::read_password_with_config(config).map(Zeroizing::new);
        drop(hidden);
        writeln!(out)?;
        out.flush()?;
        match pressed.get() {
            None => return typed,
            Some(signal) => {
                kill_current_process_group(signal)?;
                if signal != Signal::TSTP {
                    return Err(io::Error::other("interrupted"));
                }
            }
        }
    }
}

fn keyboard() -> io::Result<OwnedFd> {
    match controlling_terminal() {
        Some((keys, _)) => Ok(keys.into()),
        None => stdin().as_fd().try_clone_to_owned(),
    }
}

/// As long as it is there, the terminal hands over each key as it is pressed and shows none.
struct Hidden {
    keyboard: OwnedFd,
    before: Termios,
}

impl Hidden {
    fn begin(keyboard: OwnedFd) -> io::Result<Self> {
        let before = tcgetattr(&keyboard)?;
        let mut hidden = before.clone();
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&keyboard, OptionalActions::Now, &hidden)?;
        Ok(Self { keyboard, before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // A terminal that went away has nothing to be given back.
        tcsetattr(&self.keyboard, OptionalActions::Now, &self.before).ok();
    }
}

/// The keys, one by one, up to one that sends a signal.
struct Keys {
    keyboard: OwnedFd,
    codes: SpecialCodes,
    pressed: Rc<Cell<Option<Signal>>>,
}

impl Read for Keys {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // No more than one: what comes after the line is for the next question.
        let Some(key) = into.get_mut(..1) else { return Ok(0) };
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&self.keyboard, &mut *key))?;
        let signals = [
            (SpecialCodeIndex::VINTR, Signal::INT),
            (SpecialCodeIndex::VQUIT, Signal::QUIT),
            (SpecialCodeIndex::VSUSP, Signal::TSTP),
        ];
        // A code of 0 says that no key does that.
        let sent = signals.iter().find(|(index, _)| key[0] != 0 && key[0] == self.codes[*index]);
        match sent.filter(|_| read > 0) {
            None => Ok(read),
            Some((_, signal)) => {
                self.pressed.set(Some(*signal));
                Err(io::Error::other("a key sent a signal"))
            }
        }
    }
}

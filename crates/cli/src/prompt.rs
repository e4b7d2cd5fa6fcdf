//! Where questions are asked: on the controlling terminal, also where standard error goes into a file or a pipe.

use std::io::{self, BufRead, BufReader, Write};

use crate::render::console;
use crate::render::output::{Escaping, Stream};

/// A terminal with a person at it.
pub(crate) struct Prompt {
    answers: Box<dyn BufRead>,
    out: Box<dyn Write>,
}

impl Prompt {
    /// The controlling terminal; where there is none, standard input and error.
    pub(crate) fn open() -> Self {
        let answers: Box<dyn BufRead> = match controlling_terminal() {
            Some((answers, _)) => Box::new(BufReader::new(answers)),
            None => Box::new(io::stdin().lock()),
        };
        Self { answers, out: question() }
    }

    /// What is shown, and what is answered.
    pub(crate) fn parts(&mut self) -> (&mut dyn BufRead, &mut dyn Write) {
        (&mut *self.answers, &mut *self.out)
    }
}

/// Where a question is shown. What was said before it is out by then.
pub(crate) fn question() -> Box<dyn Write> {
    console::settle();
    match controlling_terminal() {
        Some((_, out)) => Box::new(Escaping::text(out)),
        None => Box::new(Escaping::text(Stream::Error)),
    }
}

/// Whether a question can be asked. Standard input has to be a terminal: where it is not, as in a container without one, an
/// answer may never come, though there is a terminal to write to.
pub(crate) fn is_possible(stdin_is_terminal: bool, stderr_is_terminal: bool) -> bool {
    stdin_is_terminal && (stderr_is_terminal || controlling_terminal().is_some())
}

#[cfg(unix)]
pub(crate) fn controlling_terminal() -> Option<(std::fs::File, std::fs::File)> {
    let terminal = std::fs::File::options().read(true).write(true).open("/dev/tty").ok()?;
    Some((terminal.try_clone().ok()?, terminal))
}

#[cfg(not(unix))]
pub(crate) fn controlling_terminal() -> Option<(std::fs::File, std::fs::File)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_terminal_at_standard_input_no_question_is_asked() {
        assert!(!is_possible(false, true));
        assert!(!is_possible(false, false));
        assert!(is_possible(true, true));
    }
}

//! How far a long command has come, for a person who watches: nothing in a log, and nothing where it is done at once.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What takes no longer than this is done before anybody wonders.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on the terminal's error stream, which goes when it is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    patience: Duration,
    target: fn() -> ProgressDrawTarget,
}

impl Progress {
    /// Of `all` things, each of which is said by [`Progress::step`].
    pub(super) fn of(what: &'static str, all: usize) -> Self {
        Self::on(ProgressDrawTarget::stderr, PATIENCE, what, all)
    }

    fn on(target: fn() -> ProgressDrawTarget, patience: Duration, what: &'static str, all: usize) -> Self {
        let all = u64::try_from(all).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::hidden()).with_message(what);
        let style = ProgressStyle::with_template("{msg} {bar:30} {pos} of {len}, {eta} left");
        Self {
            bar: style.map(|style| bar.clone().with_style(style.progress_chars("=> "))).unwrap_or(bar),
            patience,
            target,
        }
    }

    /// One more is done.
    pub(super) fn step(&self) {
        self.bar.inc(1);
        if self.bar.is_hidden() && self.bar.elapsed() >= self.patience {
            self.bar.set_draw_target((self.target)());
        }
    }

    /// Takes the bar away while something else is written.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Mutex;

    use indicatif::TermLike;

    use super::*;

    static DRAWN: Mutex<String> = Mutex::new(String::new());

    /// Keeps what is drawn.
    #[derive(Debug)]
    struct Paper;

    impl TermLike for Paper {
        fn width(&self) -> u16 {
            80
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            DRAWN.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            DRAWN.lock().unwrap().push_str("<clear>");
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_stands_there_when_it_takes_long_and_goes() {
        let paper = || ProgressDrawTarget::term_like(Box::new(Paper));
        let quick = Progress::on(paper, Duration::from_secs(3600), "steps", 3);
        (0..3).for_each(|_| quick.step());
        drop(quick);
        assert_eq!(*DRAWN.lock().unwrap(), "");

        let slow = Progress::on(paper, Duration::ZERO, "steps", 3);
        (0..2).for_each(|_| slow.step());
        slow.aside(|| DRAWN.lock().unwrap().push_str("<a line>"));
        drop(slow);
        let drawn = DRAWN.lock().unwrap();
        assert!(drawn.contains("steps ") && drawn.contains(" of 3"), "{drawn:?}");
        assert!(drawn.contains("<clear><a line>"), "{drawn:?}");
        assert!(drawn.ends_with("<clear>"), "{drawn:?}");
    }
}

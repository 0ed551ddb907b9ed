//! Times whole processes, two kinds in turn, so that what disturbs the machine disturbs both.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::corpus::{Context, Fallible, process};

/// A process that can be started again and again.
#[derive(Clone)]
pub(crate) struct Job {
    program: PathBuf,
    args: Vec<String>,
    folder: PathBuf,
    env: Vec<(String, PathBuf)>,
    input: PathBuf,
    /// How many times the process does what is measured.
    times: u32,
    /// The exit status that says that it did.
    due: i32,
}

impl Job {
    pub(crate) fn new(program: impl Into<PathBuf>, args: &[&str], folder: &Path) -> Self {
        Self {
            program: program.into(),
            args: args.iter().map(|word| (*word).to_owned()).collect(),
            folder: folder.to_owned(),
            env: Vec::new(),
            input: "/dev/null".into(),
            times: 1,
            due: 0,
        }
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<PathBuf>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// The file that is its standard input.
    pub(crate) fn input(mut self, file: &Path) -> Self {
        file.clone_into(&mut self.input);
        self
    }

    /// The process does its work so many times; what is measured is its share for one.
    pub(crate) fn share(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// A refusal is what is measured.
    pub(crate) fn refuses(mut self) -> Self {
        self.due = 1;
        self
    }

    fn command(&self) -> Fallible<Command> {
        let mut command = process::command(&self.program);
        let input = fs_err::File::open(&self.input).map_err(|error| error.to_string())?;
        command.args(&self.args).current_dir(&self.folder).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::from(input.into_file())).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(command)
    }

    /// The same under a program that runs others, such as valgrind.
    pub(crate) fn under(self, program: &str, args: &[&str]) -> Self {
        let mut words: Vec<String> = args.iter().map(|word| (*word).to_owned()).collect();
        words.push(self.program.display().to_string());
        words.extend(self.args);
        Self { program: program.into(), args: words, ..self }
    }

    fn name(&self) -> String {
        format!("{} {}", self.program.display(), self.args.join(" "))
    }

    fn start(&self) -> Fallible<Child> {
        self.command()?.spawn().context(|| format!("cannot start {}", self.name()))
    }

    fn time(&self) -> Fallible<Duration> {
        let mut command = self.command()?;
        let start = Instant::now();
        let status = command.status().context(|| format!("cannot start {}", self.name()))?;
        let took = start.elapsed();
        let is_due = status.code() == Some(self.due);
        if is_due { Ok(took / self.times) } else { Err(format!("{} ended with {status}", self.name())) }
    }

    /// A run that must end as it is due to, for a figure of another answer measures nothing; the end of what it says.
    pub(crate) fn check(&self) -> Fallible<String> {
        let output = self.command()?.stdout(Stdio::piped()).stderr(Stdio::piped()).output();
        let output = output.context(|| format!("cannot start {}", self.name()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).lines().take(40).collect::<Vec<_>>().join("\n");
        match output.status.code() == Some(self.due) {
            true => Ok(text(&output.stderr)),
            false => Err(format!("{}: {}{}", self.name(), text(&output.stdout), text(&output.stderr))),
        }
    }

    /// The most memory that the process held at once, in bytes, as Linux tells it until the process ends.
    pub(crate) fn peak_memory(&self) -> Fallible<u64> {
        let mut child = self.start()?;
        let status = PathBuf::from(format!("/proc/{}/status", child.id()));
        let mut peak = 0;
        while child.try_wait().map_err(|error| error.to_string())?.is_none() {
            let text = fs_err::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kibibytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
            peak = peak.max(kibibytes.unwrap_or_default() * 1024);
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(peak)
    }
}

/// What several pairs of runs came to.
pub(crate) struct Pairs {
    pub(crate) ours: Duration,
    pub(crate) theirs: Duration,
    pub(crate) ratio: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// Runs two jobs in turn, `pairs` times each. The ratio is the median of the pairs' ratios.
pub(crate) fn alternate(ours: &Job, theirs: &Job, pairs: usize) -> Fallible<Pairs> {
    ours.check()?;
    theirs.check()?;
    let (mut first, mut second, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..pairs {
        // Which one goes first changes, too.
        let (a, b) = if number % 2 == 0 {
            (ours.time()?, theirs.time()?)
        } else {
            let b = theirs.time()?;
            (ours.time()?, b)
        };
        ratios.push(a.as_secs_f64() / b.as_secs_f64());
        first.push(a);
        second.push(b);
    }
    first.sort();
    second.sort();
    ratios.sort_by(f64::total_cmp);
    let middle = pairs / 2;
    Ok(Pairs {
        ours: first[middle],
        theirs: second[middle],
        ratio: ratios[middle],
        least: ratios[0],
        most: ratios[pairs - 1],
    })
}

//! The `refgate` binary: parse, dispatch, exit.

use std::process::ExitCode;

use clap::Parser as _;
use refgate::cli::drift::Drift;
use refgate::cli::ledger::Ledger;
use refgate::cli::overrides::Override;
use refgate::cli::sign::Policy;
use refgate::cli::task::Task;
use refgate::cli::{Cli, Command, Install, Sig};
use refgate::cmd;
use refgate::env::Env;
use refgate::error::Error;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(fault));
    let cli = Cli::parse();
    let (env, now) = (Env::read(), jiff::Timestamp::now());
    let code = match &cli.command {
        Command::Check(args) => cmd::check::run(args, &env, now),
        Command::Hook(args) => cmd::hook::run(args, &env, now),
        Command::Task(Task::Start(args)) => told(cmd::task::start(args, &env, now)),
        Command::Task(Task::Status(args)) => {
            cmd::task::status(args, &env, now).unwrap_or_else(|error| told(Err(error)))
        }
        Command::Task(Task::Finish(args)) => told(cmd::task::finish(args, &env, now)),
        Command::Promote(args) => cmd::promote::run(args, &env, now).unwrap_or_else(|error| told(Err(error))),
        Command::Rollback(args) => cmd::rollback::run(args, &env, now).unwrap_or_else(|error| told(Err(error))),
        Command::Drift(Drift::Check(args)) => cmd::drift::check(args, &env, now),
        Command::Drift(Drift::Fields(args)) => told(cmd::drift::fields(args, &env)),
        Command::Drift(Drift::Contract(args)) => {
            cmd::drift::contract(args, &env, now).unwrap_or_else(|error| told(Err(error)))
        }
        Command::Drift(Drift::Explain(args)) => {
            cmd::drift::explain(args, &env, now).unwrap_or_else(|error| told(Err(error)))
        }
        Command::Drift(Drift::Ack(args)) => told(cmd::drift::ack(args, &env, now)),
        Command::Drift(Drift::Baseline(args)) => {
            cmd::drift::baseline(args, &env, now).unwrap_or_else(|error| told(Err(error)))
        }
        Command::Drift(Drift::Sync(args)) => told(cmd::drift::sync(args, &env)),
        Command::Explain(args) => told(cmd::rules::explain(args)),
        Command::Rules(args) => told(cmd::rules::list(args)),
        Command::Init(args) => told(cmd::init::run(args, &env)),
        Command::Install(Install::Server(args)) => told(cmd::install::server(args, &env)),
        Command::Install(Install::Client(args)) => told(cmd::install::client(args)),
        Command::Uninstall(args) => told(cmd::uninstall::run(args, &env)),
        Command::Completions(args) => told(cmd::pages::completions(args)),
        Command::Man(args) => told(cmd::pages::man(args)),
        Command::Doctor(args) => cmd::doctor::run(args, &env).unwrap_or_else(|error| told(Err(error))),
        Command::Approve(args) => told(cmd::approve::run(args, &env, now)),
        Command::Attest(args) => told(cmd::attest::run(args, &env, now)),
        Command::Policy(Policy::Sign(args)) => told(cmd::policy::sign(args, &env, now)),
        Command::Sig(Sig::Verify(args)) => cmd::sig::verify(args, now).unwrap_or_else(|error| told(Err(error))),
        Command::Override(Override::Request(args)) => told(cmd::overrides::request(args, &env, now)),
        Command::Override(Override::Sign(args)) => told(cmd::overrides::sign(args, &env, now)),
        Command::Override(Override::Import(args)) => told(cmd::overrides::import(args, &env)),
        Command::Override(Override::List(args)) => told(cmd::overrides::list(args, &env, now)),
        Command::Override(Override::Show(args)) => told(cmd::overrides::show(args, &env, now)),
        Command::Override(Override::Verify(args)) => {
            cmd::overrides::verify(args, &env, now).unwrap_or_else(|error| told(Err(error)))
        }
        Command::Replay(args) => cmd::replay::run(args, &env).unwrap_or_else(|error| told(Err(error))),
        Command::Ledger(Ledger::Log(args)) => told(cmd::ledger::log(args, &env)),
        Command::Ledger(Ledger::Show(args)) => told(cmd::ledger::show(args, &env)),
        Command::Ledger(Ledger::Verify(args)) => {
            cmd::ledger::verify(args, &env).unwrap_or_else(|error| told(Err(error)))
        }
        Command::Ledger(Ledger::Report(args)) => {
            cmd::ledger::report(args, &env, now).unwrap_or_else(|error| told(Err(error)))
        }
        Command::Ledger(Ledger::Export(args)) => told(cmd::ledger::export(args, &env)),
        Command::Ledger(Ledger::Tail(args)) => told(cmd::ledger::tail(args, &env)),
        Command::Notify(args) => cmd::notify::run(args, &env, now).unwrap_or_else(|error| told(Err(error))),
        Command::Demo => told(cmd::demo::run(&env)),
    };
    ExitCode::from(code)
}

/// A fault of our own, or of a library on a damaged object: one clear sentence, and never an acceptance.
#[expect(clippy::print_stderr, clippy::exit, reason = "nothing else can be relied on any more")]
fn fault(info: &std::panic::PanicHookInfo<'_>) {
    let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
    eprintln!("refgate: UNDECIDED, and so refused: a fault in refgate itself{place}; please report it");
    std::process::exit(2);
}

/// The exit code of a command that decides nothing.
#[expect(clippy::print_stderr, reason = "the one place where such a command says what went wrong")]
fn told(result: Result<(), Error>) -> u8 {
    match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("refgate: {error}");
            2
        }
    }
}

//! `refgate completions` and `refgate man`: what packages ship beside the program, made from its command line.

use clap::CommandFactory as _;

use super::rules::print;
use crate::cli::{Cli, Completions, Man};
use crate::error::Result;

/// Prints the completions.
///
/// # Errors
/// They cannot be written.
pub fn completions(args: &Completions) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "refgate", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints the page of the whole, or writes those of every command.
///
/// # Errors
/// A page cannot be written.
pub fn man(args: &Man) -> Result<()> {
    let command = Cli::command().disable_help_subcommand(true);
    if let Some(folder) = &args.out {
        fs_err::create_dir_all(folder)?;
        return Ok(clap_mangen::generate_to(command, folder)?);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    print(&String::from_utf8_lossy(&page))
}

//! The `refgate` binary.

fn main() {}

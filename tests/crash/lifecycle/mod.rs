//! The program starts, reloads and stops as an orchestrator expects: each test starts it, sends signals, and looks at
//! its ports, its log and its exit code.

mod client;
mod end;
mod floods;
mod grace;
mod health;
mod late;
mod limit;
mod output;
mod pull;
mod reload;
mod start;
mod trust;

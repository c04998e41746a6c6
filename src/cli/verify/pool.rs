//! A few processes of one engine, started when they are needed.

use super::process::Process;
use crate::verify::engine::{Answer, Reply};
use crate::verify::generate::Case;
use serde_json::Value as Json;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Processes that all have loaded the same policies.
#[derive(Debug)]
pub struct Pool {
    program: PathBuf,
    arguments: Vec<String>,
    idle: Mutex<Vec<Process>>,
    // The policies, as long as a process may be started.
    _policies: TempDir,
}

impl Pool {
    /// A pool with one process, which has loaded the policies.
    ///
    /// # Errors
    /// Why it did not start.
    pub fn new(program: PathBuf, arguments: Vec<String>, policies: TempDir) -> Result<(Self, Json), String> {
        let pool = Pool { program, arguments, idle: Mutex::new(Vec::new()), _policies: policies };
        let first = pool.start()?;
        let hello = first.hello.clone();
        pool.give_back(first);
        Ok((pool, hello))
    }

    fn start(&self) -> Result<Process, String> {
        Process::start(&self.program, &self.arguments.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn give_back(&self, process: Process) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
    }

    /// Asks about cases: `request` makes the line of one, `read` reads the answer to it. Where the engine ends, the case that it did not answer is an error and another
    /// process takes the rest.
    pub fn ask(&self, cases: &[Case], request: &dyn Fn(usize, &Case) -> String, read: &dyn Fn(usize, &Json) -> Reply) -> Vec<Reply> {
        self.ask_for(cases, request, read, &|error| Answer::Error(error).into())
    }

    /// The same with answers of another kind; `failed` makes one of an error.
    pub fn ask_for<C, A: Clone>(
        &self,
        cases: &[C],
        request: &dyn Fn(usize, &C) -> String,
        read: &dyn Fn(usize, &Json) -> A,
        failed: &dyn Fn(String) -> A,
    ) -> Vec<A> {
        let lines: Vec<String> = cases.iter().enumerate().map(|(number, case)| request(number, case)).collect();
        let mut answers: Vec<A> = Vec::with_capacity(cases.len());
        while answers.len() < lines.len() {
            let from = answers.len();
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut process = match idle.map_or_else(|| self.start(), Ok) {
                Ok(process) => process,
                Err(error) => {
                    answers.resize(lines.len(), failed(error));
                    break;
                }
            };
            match process.answers(lines.get(from..).unwrap_or_default()) {
                Ok(all) => {
                    answers.extend(all.iter().enumerate().map(|(number, answer)| read(from + number, answer)));
                    self.give_back(process);
                }
                Err((answered, error)) => {
                    // What it answered before is asked again: it is few, and rare.
                    let again = lines.get(from..from + answered).unwrap_or_default();
                    drop(process);
                    let retried = self.start().and_then(|mut fresh| fresh.answers(again).map_err(|(_, error)| error));
                    match retried {
                        Ok(all) => answers.extend(all.iter().enumerate().map(|(number, answer)| read(from + number, answer))),
                        Err(error) => answers.extend(again.iter().map(|_| failed(error.clone()))),
                    }
                    answers.push(failed(error));
                }
            }
        }
        answers
    }
}

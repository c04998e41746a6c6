//! Engines that are programs of their own: a JSON line in, a JSON line out.

use serde_json::Value as Json;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How much of what an engine says on standard error is kept.
const KEPT: usize = 4_000;

/// A running engine. It says in a first line that it is ready, then answers each line with one.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: BufReader<ChildStdout>,
    said: Arc<Mutex<String>>,
    listening: Option<JoinHandle<()>>,
    /// The first line.
    pub hello: Json,
}

impl Process {
    /// Starts it and waits until it has loaded its policies.
    ///
    /// # Errors
    /// What it says instead of being ready, or why it could not be started.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self, String> {
        let shown = program.display();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{shown} cannot be started: {}", super::super::io_text(&error)))?;
        let (Some(input), Some(output), Some(mut errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err(format!("{shown} has no standard input or output"));
        };
        let said = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&said);
        let listening = std::thread::spawn(move || {
            let mut buffer = [0; 1024];
            while let Ok(length @ 1..) = errors.read(&mut buffer) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_str(&String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()));
                let excess = kept.len().saturating_sub(KEPT);
                let start = (excess..=kept.len()).find(|at| kept.is_char_boundary(*at)).unwrap_or_default();
                kept.drain(..start);
            }
        });
        let mut process = Process {
            child,
            input: Some(BufWriter::new(input)),
            output: BufReader::new(output),
            said,
            listening: Some(listening),
            hello: Json::Null,
        };
        let first = process.line().unwrap_or_default();
        match serde_json::from_str::<Json>(&first) {
            Ok(hello) if hello.get("ready") == Some(&Json::Bool(true)) => {
                process.hello = hello;
                Ok(process)
            }
            Ok(_) | Err(_) => {
                process.input = None;
                Err(format!("{first}{}", process.last_words()).trim().to_owned())
            }
        }
    }

    /// What it said last on standard error.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All that it says before it ends.
    fn last_words(&mut self) -> String {
        let _ = self.child.wait();
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
        self.said()
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(0) => Err(format!("it ended: {}", self.last_words().trim())),
            Ok(_) => Ok(line),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The answers to these lines, in their order.
    ///
    /// # Errors
    /// When it ends before it has answered all, or answers what is no JSON: which line it was that it did not answer, and why.
    pub fn answers(&mut self, lines: &[String]) -> Result<Vec<Json>, (usize, String)> {
        let Some(mut input) = self.input.take() else { return Err((0, "its standard input is closed".to_owned())) };
        let (answers, input) = std::thread::scope(|scope| {
            // An engine may answer before it has read all, and wait until somebody reads that.
            let writer = scope.spawn(move || {
                let written = lines.iter().try_for_each(|line| writeln!(input, "{line}")).and_then(|()| input.flush());
                written.is_ok().then_some(input)
            });
            let mut answers = Vec::with_capacity(lines.len());
            let mut problem = None;
            while answers.len() < lines.len() && problem.is_none() {
                match self.line().and_then(|line| serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))) {
                    Ok(answer) => answers.push(answer),
                    Err(error) => {
                        problem = Some((answers.len(), error));
                        // Else whoever writes would wait for ever.
                        let _ = self.child.kill();
                    }
                }
            }
            let input = writer.join().ok().flatten();
            (problem.map_or(Ok(answers), Err), input)
        });
        self.input = input;
        answers
    }

    /// Closes its input and waits for its end.
    ///
    /// # Errors
    /// When it ends otherwise than with success.
    pub fn finish(mut self) -> Result<(), String> {
        self.input = None;
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("it ended with {status}: {}", self.last_words().trim())),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        // It may wait for somebody to read its answers.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

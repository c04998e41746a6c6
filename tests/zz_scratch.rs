mod support;
use polc::{compile::compile, diagnostic::Sources, resolve::Options, target::kyverno};
#[test]
fn emit() {
    let args = std::env::var("POL").unwrap();
    let mut sources = Sources::default();
    for path in args.split(' ') {
        sources.add(path, std::fs::read_to_string(path).unwrap());
    }
    match compile(&sources, &Options::default()) {
        Ok(c) => {
            let e = kyverno::emit(&c.program);
            for d in &e.diagnostics {
                println!("DIAG {}", d.message);
            }
            for r in &e.report {
                println!("ROW {} {:?}", r.rule, r.outcome);
            }
            for a in e.artifacts {
                let p = format!("/tmp/cel-out/{}", a.path);
                std::fs::create_dir_all("/tmp/cel-out/kyverno").unwrap();
                std::fs::write(&p, a.contents).unwrap();
                println!("{p}");
            }
        }
        Err(d) => {
            for d in d {
                println!("{} {}", d.message, d.labels.first().map_or("", |l| sources.text(l.0)));
            }
        }
    }
}

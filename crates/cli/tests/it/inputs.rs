//! Lists of targets: what is wrong is named with its line, and nothing is sent.

use serde_json::Value;

use crate::bench::{Bench, ID, OTHER_ID};

#[test]
fn what_is_wrong_with_a_list_is_named() {
    let bench = Bench::new();
    let upper = ID.to_uppercase();
    let report = format!(r#"{{"instances": [{{"id": "{ID}", "outcome": "succeeded"}}]}}"#);
    for (name, file, content) in [
        ("wrong ids", "wrong.txt", format!("# fleet\n{ID}\ni-1 # rack 1\n{upper}\n")),
        ("empty plain", "empty.txt", "# nobody\n".to_owned()),
        ("empty json", "empty.json", "[]".to_owned()),
        ("no column", "no-column.csv", "name,host\na,b\n".to_owned()),
        ("short row", "short.csv", format!("id,name\n{ID},a\n\n{OTHER_ID}\n")),
        ("wrong row", "row.csv", format!("name,Instance_ID\na,{ID}\nb,x\n")),
        ("broken json", "broken.json", format!("[\n\"{ID}\",\n]")),
        ("broken yaml", "broken.yaml", format!("- {ID}\n- {{\n")),
        ("nameless yaml", "nameless.yaml", format!("- id: {ID}\n- name: a\n")),
        ("report", "report.json", report),
    ] {
        bench.file(file, content);
        insta::assert_snapshot!(format!("targets {name}"), bench.refused(&["run", "--yes", "--targets", file], ""));
    }
    bench.file("latin1.txt", [ID.as_bytes(), b"\n# caf\xe9\n"].concat());
    insta::assert_snapshot!("targets not utf8", bench.refused(&["run", "--yes", "--targets", "latin1.txt"], ""));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.refused(&["run", "--yes", "--targets", "missing.txt"], ""));
}

#[test]
fn nobody_named_is_never_everybody() {
    let bench = Bench::new();
    insta::assert_snapshot!(bench.refused(&["run", "--yes", "--password-file", "pw"], ""));
    bench.refused(&["run", "--yes", "--password-file", "pw", "--targets", "-"], "");
}

#[test]
fn every_format_gives_the_same_plan() {
    let bench = Bench::new();
    let plan = |args: &[&str], stdin: &str| {
        let shot = bench.run(&[&["plan", "--offline", "--output", "json"], args].concat(), stdin);
        assert_eq!(shot.code, Some(0), "{shot}");
        let plan: Value = serde_json::from_str(&shot.stdout).unwrap();
        plan["waves"].clone()
    };
    let expected = plan(&[ID, OTHER_ID], "");
    for (file, content) in [
        ("a.txt", format!("\u{feff}{ID} # first\n\n{OTHER_ID}\r\n")),
        ("a.csv", format!("name,id\na,{ID}\nb,{OTHER_ID}\n")),
        ("a.json", format!(r#"[{{"id": "{ID}"}}, {{"instance_id": "{OTHER_ID}", "name": "b"}}]"#)),
        ("a.yaml", format!("instances:\n- {ID}\n- id: {OTHER_ID}\n")),
        ("list.json", format!(r#"{{"complete": true, "instances": [{{"id": "{ID}"}}, {{"id": "{OTHER_ID}"}}]}}"#)),
    ] {
        bench.file(file, &content);
        assert_eq!(plan(&["--targets", file], ""), expected, "{file}");
        assert_eq!(plan(&["--targets", "-"], &content), expected, "{file} on standard input");
    }
    bench.assert_nothing_sent();
}

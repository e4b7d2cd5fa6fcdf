use super::*;

/// What `parse` makes of a list: `id@line`, `id=name@line` or `id=name+address@line` for each target, or the error.
fn read(text: &str) -> String {
    let told = |target: &TargetSpec| {
        let name = target.name.as_ref().map_or_else(String::new, |name| format!("={name}"));
        let addresses: String = target.addresses.iter().map(|address| format!("+{address}")).collect();
        format!("{}{name}{addresses}@{}", target.id, target.origin.as_deref().unwrap().replace("f:", ""))
    };
    match parse(text, "f", None) {
        Ok(targets) => targets.iter().map(told).collect::<Vec<_>>().join(" "),
        Err(error) => error.to_string(),
    }
}

#[test]
fn lists_are_read_with_their_lines() {
    for (text, targets) in [
        ("a\n\n# no\n  b # yes\r\nc", "a@1 b@4 c@5"),
        ("a-typo\nb\nc", "a-typo@1 b@2 c@3"),
        ("#\n\n", ""),
        // Tables.
        ("name,ID\nx,a\n\ny, b \n", "a=x@2 b=y@4"),
        ("instance_id\na\n\"b\"\n", "a@2 b@3"),
        (
            "Instance ID;Name;Private IP;IP Address\na;x;1.1.1.1;10.0.0.1, 10.0.0.2\nb;;;\n;;;\n",
            "a=x+10.0.0.1+10.0.0.2@2 b=@3",
        ),
        ("# fleet\nname\tid\nx, y\ta\n", "a=x, y@3"),
        ("sep=;\r\nid;name\r\na;\"x;y\"\r\n", "a=x;y@3"),
        ("sep=|\nid|ip|ipv4\na|1.1.1.1|2.2.2.2\n", "a+1.1.1.1+2.2.2.2@3"),
        ("id\n", ""),
        // JSON.
        ("[\n\"a\",\n\"b\"]", "a@2 b@3"),
        ("[{\"id\": \"a\"},\n{\"name\": \"x\", \"instance_id\": \"b\"}]", "a@1 b=x@2"),
        ("{\"complete\": true, \"instances\": [\n{\"id\": \"a\", \"name\": null, \"image\": {\"id\": \"i\"}}]}", "a@2"),
        ("{\"id\": \"a\", \"ip\": [\"1.1.1.1\", \"2.2.2.2\"]}", "a+1.1.1.1+2.2.2.2@1"),
        ("{\"id\": \"a\", \"name\": \"x\"}\n\n{\"id\": \"b\",\n\"name\": 7}\n{\"id\": \"c\"}", "a=x@1 b=7@3 c@5"),
        ("{\"instances\": [\n{\"id\": \"a\"}]}\n{\"instances\": [\n{\"id\": \"b\"}]}", "a@2 b@4"),
        (
            "{\"id\": \"a\", \"network_interfaces\": [{\"subnet_id\": \"n\", \"ipv4_address\": \"1.1.1.1\"}, {}]}",
            "a+1.1.1.1@1",
        ),
        ("\"a\"\n\"b\"\n", "a@1 b@2"),
        ("[]", ""),
        // YAML.
        ("- a\n- b # two\n", "a@1 b@2"),
        ("instances:\n  - id: a\n    name: x\n  - instance_id: b\n    ip: 10.0.0.1\n", "a=x@2 b+10.0.0.1@4"),
        ("# one\nid: a\nname: x\n", "a=x@2"),
        ("- 12\n", "12@1"),
    ] {
        assert_eq!(read(text), targets, "{text:?}");
    }
}

#[test]
fn what_is_wrong_is_told_once_with_its_line_and_the_form_that_was_tried() {
    for (text, refused) in [
        ("name,host\nx,y\n", "f:1: read as a table: none of its 2 columns is called `id`"),
        ("\nname;host\nx;y\n", "f:2: read as a table: none"),
        ("id,name\na,x\nb\n", "f:3: the line has 1 columns"),
        ("id,name\na,\"x\nb,y\n", "f:2: a quoted field goes on"),
        ("id,instance_id\na,b\n", "f:1: more than one column is called `id`"),
        ("id,name,Name\na,b,c\n", "f:1: more than one column is called `name`"),
        ("INFO starting\nWARN x\na\n", "f: read as a plain list, an id on each line: 1 of its 3 lines look like an id"),
        ("[{\"id\": \"a\", \"instance_id\": \"b\"}]", "f:1: read as JSON: "),
        (
            "{\"id\": \"a\"}\n{\"id\": \"a\", \"instance_id\": \"b\"}",
            "f:2: read as JSON: an entry has more than one id",
        ),
        ("{\"id\": \"a\"}\n{\"id\":\n7}", "f:2: read as JSON: invalid type: integer"),
        ("[\n\"a\",\n]", "f:3: read as JSON: expected value"),
        ("[\"a\"] x", "f:1: read as JSON: "),
        ("[\"a\",\n{\"name\": \"b\"}]", "f:2: an entry has no `id` or `instance_id`"),
        ("[\"a\",\n[\"b\"]]", "f:2: read as JSON: "),
        ("{\"servers\": []}", "f:1: an entry has no `id`"),
        ("- a\n- {\n", "f:"),
        ("- a\n- name: b\n", "f:2: an entry has no `id` or `instance_id`"),
        ("{\"instances\": [\n{\"id\": \"a\", \"outcome\": \"succeeded\"}]}", "f:2: this is the report of"),
        ("{\"id\": \"a\"}\n{\"id\": \"a\", \"outcome\": \"succeeded\"}", "f:2: this is the report of"),
        ("- id: a\n  outcome: failed\n", "f:1: this is the report of"),
    ] {
        let told = read(text);
        assert!(told.starts_with(refused), "{text:?}: {told}");
    }
}

/// A file with a password that was named by mistake, in whatever form it is read.
#[test]
fn nothing_of_a_file_of_another_kind_is_repeated() {
    for text in [
        "Canary-7\n",
        "user,Canary-7\n",
        "Canary-7;x\nid;y\n",
        "{\"password\": \"Canary-7\"}",
        "{\"id\": [\"Canary-7\"]}",
        "{\"Canary-7\n",
        "[\"a\", [\"Canary-7\"]]",
        "- id: [Canary-7]\n",
        "- *Canary-7\n",
        "- !Canary-7 {\n",
        "--- Canary-7\n",
        "- \"Canary-7\n",
        "id: a\nname: {x: Canary-7}\n",
        "id,name\na,b,Canary-7\n",
    ] {
        let told = read(text);
        assert!(told.starts_with('f') && !told.contains("Canary"), "{text:?}: {told}");
    }
}

/// What `reinstall list` prints of a large fleet: some 270,000 nodes, more than the reader allows by itself.
#[test]
fn a_large_fleet_is_read() {
    let row = |n: u32| format!("{{\"id\": \"{n}\", \"name\": \"x\", \"state\": \"running\", \"image_id\": null}}");
    let rows: Vec<String> = (0..30_000).map(row).collect();
    for (text, line) in [(format!("{{\"instances\": [\n{}]}}", rows.join(",\n")), 30_001), (rows.join("\n"), 30_000)] {
        let targets = parse(&text, "f", None).unwrap();
        assert_eq!(targets.len(), 30_000);
        let last = Row { id: "29999".into(), name: Some("x".into()), addresses: vec![] };
        assert_eq!(targets[29_999], last.at("f", line));
    }
}

/// A few lines that would unfold into billions of words.
#[test]
fn aliases_stay_bounded() {
    let bomb = |depth: usize| {
        let mut text = String::from("- {id: a, x: &a0 [x, x, x, x, x, x, x, x, x, x]}\n");
        for n in 1..=depth {
            let inside = vec![format!("*a{}", n - 1); 10].join(", ");
            text.push_str(&format!("- {{id: b{n}, x: &a{n} [{inside}]}}\n"));
        }
        parse(&text, "f", None)
    };
    assert_eq!(bomb(2).unwrap().len(), 3, "a few are fine");
    let refused = bomb(12).unwrap_err().to_string();
    assert!(refused.starts_with("f:"), "{refused}");
}

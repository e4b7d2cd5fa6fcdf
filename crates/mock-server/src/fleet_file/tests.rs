use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use reinstall_core::id::InstanceId;
use reinstall_core::instance::{InstanceState, OperationState, OsFamily};
use reinstall_core::secret::SessionToken;
use reinstall_core::time::Timestamp;
use tower::ServiceExt as _;

use super::*;
use crate::app::{AppState, app};
use crate::cloud::config::{CloudConfig, FleetConfig, Start};
use crate::cloud::list::ListQuery;
use crate::cloud::request::ReinstallRequest;
use crate::cloud::row::Row;
use crate::cloud::wipe::Ending;
use crate::cloud::{Cloud, images};
use crate::world::World;

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const A: &str = "0b29c7a1-0000-4000-8000-00000000000a";
const B: &str = "0b29c7a1-0000-4000-8000-00000000000b";
const IMAGE: &str = "11111111-0000-4000-8000-000000000001";
const SERVER: &str = "22222222-0000-4000-8000-000000000002";

fn config(fleet: FleetConfig) -> CloudConfig {
    CloudConfig { fleet, seed: 7, ..CloudConfig::generated("p1".parse().unwrap(), 0) }
}

fn cloud(text: &str, format: Format) -> Cloud {
    let fleet = read(text.as_bytes(), Some(format)).unwrap_or_else(|error| panic!("{error}: {text}"));
    Cloud::new(config(FleetConfig::Stored(Arc::new(fleet))))
}

fn rows(cloud: &Cloud) -> Vec<Row> {
    cloud.ids().map(|id| cloud.row(NOW, id).unwrap()).collect()
}

/// Two instances that say all that can be said, and one that says nothing.
const CSV: &str = "\
# a fleet
id,name,state,operation_state,image_id,image_name,os_type,server_id,vpc_id,subnet_id,ipv4_address,tags,created_at,\
error_code,error_msg,error_type,updated_at,launched_at
0B29C7A1-0000-4000-8000-00000000000B,db-2,failed,reinstall-failed,11111111-0000-4000-8000-000000000001,\"Own, 1\",WINDOWS,\
22222222-0000-4000-8000-000000000002,vpc-1,net-1,10.1.2.3,env=test;keep,2026-01-02T03:04:05.678Z,\
X.1,\"no \"\"disk\"\"\",reinstall_error,,

 0b29c7a1-0000-4000-8000-00000000000a , db-1 ,hibernating,,,,,,vpc-1,,,;,,,,,x,y
0b29c7a1-0000-4000-8000-00000000000c,,,,,,,,,,,,,,,,,
";

const API: &str = r#"{"instances": [
  {"id": "0b29c7a1-0000-4000-8000-00000000000b", "name": "db-2", "state": "failed",
   "operation_state": "reinstall-failed", "server_id": "22222222-0000-4000-8000-000000000002", "vpc_id": "vpc-1",
   "image": {"id": "11111111-0000-4000-8000-000000000001", "name": "Own, 1", "os_type": "windows"},
   "network_interfaces": [{"subnet_id": "net-1", "ipv4_address": "10.1.2.3"}, {"subnet_id": "net-2"}],
   "tags": [{"key": "env", "value": "test"}, {"key": "keep"}], "created_at": "2026-01-02 03:04:05.678",
   "updated_at": "x", "launched_at": "y", "description": "d", "metadata": {"k": "v"}, "user_data": "Cg==",
   "error": {"error_code": "X.1", "error_msg": "no \"disk\"", "error_type": "reinstall_error"}},
  {"id": "0b29c7a1-0000-4000-8000-00000000000a", "name": " db-1", "state": "hibernating", "vpc_id": "vpc-1",
   "tags": [], "error": null, "image": null, "network_interfaces": null, "created_at": null},
  {"id": "0b29c7a1-0000-4000-8000-00000000000c", "tags": null}
], "page_info": {"next_marker": null, "current_count": 3}, "count": 3}"#;

const FLAT: &str = r#"
{"id":"0b29c7a1-0000-4000-8000-00000000000b","name":"db-2","state":"failed","operation_state":"reinstall-failed","server_id":"22222222-0000-4000-8000-000000000002","vpc_id":"vpc-1","image_id":"11111111-0000-4000-8000-000000000001","image_name":"Own, 1","os_type":"Windows","subnet_id":"net-1","ipv4_address":"10.1.2.3","tags":{"env":"test","keep":null},"created_at":"2026-01-02T04:04:05.678+01:00","error_code":"X.1","error_msg":"no \"disk\"","error_type":"reinstall_error"}

[{"instance_id":"0b29c7a1-0000-4000-8000-00000000000a","name":"db-1","state":"hibernating","vpc_id":"vpc-1","tags":{}}]
{"instances":[{"id":"0b29c7a1-0000-4000-8000-00000000000c"}],"complete":true}
"#;

const YAML: &str = "\
# a fleet
instances:
  - id: 0b29c7a1-0000-4000-8000-00000000000b
    name: db-2
    state: failed
    operation_state: reinstall-failed
    server_id: 22222222-0000-4000-8000-000000000002
    vpc_id: &vpc vpc-1
    image: {id: 11111111-0000-4000-8000-000000000001, name: 'Own, 1', os_type: Windows}
    network_interfaces:
      - subnet_id: net-1
        ipv4_address: 10.1.2.3
    tags: {env: test, keep: }
    created_at: 2026-01-02T03:04:05.678Z
    error: {code: X.1, message: no \"disk\", type: reinstall_error}
  - {id: 0b29c7a1-0000-4000-8000-00000000000a, name: db-1, state: hibernating, vpc_id: *vpc, tags: []}
  - id: 0b29c7a1-0000-4000-8000-00000000000c
    name:
";

#[test]
fn every_format_gives_the_same_fleet() {
    let expected = rows(&cloud(CSV, Format::Csv));
    for (text, format) in [
        (API, Format::Json),
        (FLAT, Format::JsonLines),
        (FLAT, Format::Json),
        (YAML, Format::Yaml),
        (API, Format::Yaml),
        (&CSV.replace('\n', "\r\n"), Format::Csv),
        (&FLAT.replace('\n', "\r\n"), Format::JsonLines),
    ] {
        assert_eq!(rows(&cloud(text, format)), expected, "{format:?}");
        let sniffed = read(format!("\u{feff}{text}").as_bytes(), None).unwrap();
        assert_eq!(rows(&Cloud::new(config(FleetConfig::Stored(Arc::new(sniffed))))), expected, "{format:?} sniffed");
    }
}

#[test]
fn what_a_row_says_is_shown_and_the_rest_is_made_up() {
    let cloud = cloud(CSV, Format::Csv);
    let [one, two, three] = &rows(&cloud)[..] else { panic!("three") };
    assert_eq!((two.id.to_string(), two.name.as_str()), (B.into(), "db-2"));
    assert_eq!((two.image.id.to_string(), two.image.name.as_str()), (IMAGE.into(), "Own, 1"));
    assert_eq!(two.image.os, OsFamily::Windows);
    assert_eq!(
        (two.server_id.to_string().as_str(), two.vpc_id.as_str(), two.subnet_id.as_str()),
        (SERVER, "vpc-1", "net-1")
    );
    assert_eq!(two.ipv4_address, "10.1.2.3");
    assert_eq!(two.tags, [("env".to_owned(), Some("test".to_owned())), ("keep".to_owned(), None)]);
    for moment in [two.created_at, two.updated_at, two.launched_at] {
        assert_eq!(moment.to_string(), "2026-01-02T03:04:05.678Z");
    }
    assert_eq!(two.glimpse.state, InstanceState::Failed);
    assert_eq!(two.glimpse.operation_state, Some(OperationState::REINSTALL_FAILED));
    assert_eq!(two.glimpse.error.as_ref().unwrap().message.as_str(), "no \"disk\"");

    assert_eq!((one.name.as_str(), one.tags.as_slice()), ("db-1", [].as_slice()));
    assert_eq!(one.glimpse.state.as_word(), "hibernating");
    assert_eq!(one.glimpse.operation_state.as_ref().unwrap().as_word(), "install-succeed");

    // The third is what it would be if only its id was known, as the third of a fleet.
    let ids = [B, A, &three.id.to_string()].map(|id| id.parse().unwrap());
    let listed = Cloud::new(config(FleetConfig::Listed(ids.to_vec())));
    assert_eq!(listed.row(NOW, three.id).as_ref(), Some(three));
    let of_listed = listed.row(NOW, one.id).unwrap();
    assert_eq!((&one.subnet_id, &one.ipv4_address), (&of_listed.subnet_id, &of_listed.ipv4_address));
    assert_eq!((&one.image, one.created_at), (&of_listed.image, of_listed.created_at));
    assert_eq!(one.server_id, of_listed.server_id);
}

#[test]
fn images_are_filled_in_from_other_rows_and_from_the_clouds_own() {
    let known = images().find(|image| image.os == OsFamily::Windows).unwrap();
    let own = "11111111-0000-4000-8000-000000000001";
    let other = "11111111-0000-4000-8000-000000000002";
    let rows_of = |cells: &[String]| {
        let lines = (1..).zip(cells).map(|(n, cells)| format!("0b29c7a1-0000-4000-8000-{n:012},{cells}\n"));
        let text = format!("id,image_id,image_name,os_type\n{}", lines.collect::<String>());
        rows(&cloud(&text, Format::Csv)).into_iter().map(|row| row.image).collect::<Vec<_>>()
    };
    let found = rows_of(&[
        format!("{own},,"),
        format!("{own},Own Windows,"),
        format!("{own},,windows"),
        format!("{},,", known.id),
        format!(",{},", known.name),
        ",Some Windows 95,".to_owned(),
        ",Some Windows 95,Linux".to_owned(),
        format!("{other},,"),
        ",,Windows".to_owned(),
        ",,Linux".to_owned(),
    ]);
    let is = |n: usize, name: &str, os: OsFamily| {
        assert_eq!((found[n].name.as_str(), found[n].os), (name, os), "row {n}");
    };
    for n in [0, 1, 2] {
        is(n, "Own Windows", OsFamily::Windows);
        assert_eq!(found[n].id.to_string(), own);
    }
    assert_eq!((&found[3], &found[4], &found[8]), (&known, &known, &known));
    is(5, "Some Windows 95", OsFamily::Windows);
    is(6, "Some Windows 95", OsFamily::Linux);
    assert_eq!(found[5].id, found[6].id, "the same name is the same image");
    is(7, "private-11111111", OsFamily::Linux);
    assert_eq!(found[9].os, OsFamily::Linux);
    assert!(images().any(|image| image == found[9]));
}

#[test]
fn what_stands_in_the_file_holds_until_the_first_reinstall() {
    let text = format!("id,state,os_type\n{A},stopped,Linux\n{B},failed,Linux\n");
    let mut cloud = cloud(&text, Format::Csv);
    let [a, b] = [A, B].map(|id| id.parse::<InstanceId>().unwrap());
    let request = |id| ReinstallRequest::of(&[id], None, "Abcdef1!");
    assert!(cloud.reinstall(NOW, &request(a)).is_err(), "it is stopped");
    cloud.reinstall(NOW, &request(b)).unwrap();
    assert_eq!(cloud.glimpse(NOW, b).unwrap().state, InstanceState::Pending);
    cloud.set_start(a, Start::default());
    cloud.reinstall(NOW, &request(a)).expect("whoever sets the beginning knows better than the file");
    cloud.set_ending(a, Ending::Succeeds);
}

#[test]
fn images_of_the_file_are_known_when_they_are_installed() {
    let text = format!("id,image_id,image_name,os_type\n{A},{IMAGE},Own,Windows\n{B},,,Linux\n");
    let mut cloud = cloud(&text, Format::Csv);
    let b: InstanceId = B.parse().unwrap();
    let request = |password| ReinstallRequest::of(&[b], Some(IMAGE.parse().unwrap()), password);
    assert!(cloud.reinstall(NOW, &request("Administrator-1")).is_err(), "the rule for Windows");
    cloud.reinstall(NOW, &request("My-root-1234")).unwrap();
    let image = cloud.row(NOW + Duration::from_secs(100), b).unwrap().image;
    assert_eq!((image.name.as_str(), image.os), ("Own", OsFamily::Windows));
}

#[test]
fn servers_lead_to_their_instances() {
    let c = "0b29c7a1-0000-4000-8000-00000000000c";
    let mut plain = Cloud::new(config(FleetConfig::Listed([A, B, c].map(|id| id.parse().unwrap()).to_vec())));
    let derived: Vec<String> = rows(&plain).into_iter().map(|row| row.server_id.to_string()).collect();
    let mut cloud = cloud(&format!("id,server_id\n{c},{SERVER}\n{B},\n{A},{SERVER}\n"), Format::Csv);
    for (server, ids) in [
        (SERVER, vec![A, c]),
        (&SERVER.to_uppercase(), vec![A, c]),
        (&derived[1], vec![B]),
        (&derived[0], vec![]),
        (&format!("{SERVER},{}", derived[1]), vec![A, B, c]),
        ("33333333-0000-4000-8000-000000000003", vec![]),
        ("00000000-0000-0000-0000-000000000000", vec![]),
    ] {
        let query = ListQuery { server_id: Some(server.to_owned()), ..ListQuery::default() };
        let page = cloud.list(NOW, &query).unwrap();
        let found: Vec<String> = page.ids.iter().map(ToString::to_string).collect();
        assert_eq!((found, page.count), (ids.iter().map(|id| id.to_string()).collect(), ids.len()), "{server}");
    }
    let query = ListQuery { server_id: Some(derived[0].clone()), ..ListQuery::default() };
    assert_eq!(plain.list(NOW, &query).unwrap().ids[0].to_string(), A);
}

/// What is shown is written down, row by row, and gives the same cloud again, whatever its seed.
#[test]
fn what_is_shown_can_be_read_again() {
    let mut original = Cloud::new(config(FleetConfig::Generated(300)));
    let some: Vec<InstanceId> = original.ids().take(20).collect();
    original.set_start(some[0], Start { state: InstanceState::from_word("levitating"), ..Start::default() });
    original.set_tags(some[1], vec![("a=b;c".into(), Some(String::new())), ("d".into(), None)]);
    original.set_tags(some[2], vec![]);
    original.set_ending(some[3], Ending::fails("X.1", "two\nlines"));
    original.reinstall(NOW - Duration::from_secs(90), &ReinstallRequest::of(&some[3..4], None, "Abcdef1!")).unwrap();
    let mut file = Vec::new();
    for row in &rows(&original) {
        to_json_line(&FleetRow::from(row), &mut file).unwrap();
    }
    let fleet = read(file.as_slice(), Some(Format::JsonLines)).unwrap();
    assert_eq!(fleet.len(), 300);
    let copy = Cloud::new(CloudConfig { seed: 8, ..config(FleetConfig::Stored(Arc::new(fleet))) });
    let mut expected = rows(&original);
    for row in &mut expected {
        // When it was last reinstalled is not in the file.
        (row.updated_at, row.launched_at) = (row.created_at, row.created_at);
    }
    assert_eq!(rows(&copy), expected);
    for row in &rows(&copy) {
        let written = FleetRow::from(row);
        let mut line = Vec::new();
        to_json_line(&written, &mut line).unwrap();
        assert_eq!(serde_json::from_slice::<FleetRow>(&line).unwrap(), written);
    }
}

/// Pages of the list call, one behind the other in a file, as `curl` leaves them.
#[tokio::test]
async fn pages_of_the_list_call_are_a_fleet() {
    let mut original = Cloud::new(config(FleetConfig::Generated(25)));
    let some: Vec<InstanceId> = original.ids().take(2).collect();
    original.set_start(some[0], Start { state: InstanceState::from_word("levitating"), ..Start::default() });
    original.set_ending(some[1], Ending::fails("X.1", "why"));
    original.reinstall(NOW - Duration::from_secs(90), &ReinstallRequest::of(&some[1..], None, "Abcdef1!")).unwrap();
    let mut expected = rows(&original);
    for row in &mut expected {
        (row.updated_at, row.launched_at) = (row.created_at, row.created_at);
    }
    let state = AppState::new(World::new(original), SessionToken::parse("t").unwrap(), || NOW);
    let app = app(Arc::new(state));
    let (mut file, mut marker, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let request = axum::http::Request::get(format!("/v1/p1/instances?limit=10&marker={marker}"));
        let request = request.header("X-Auth-Token", "t").body(Body::empty()).unwrap();
        let page = to_bytes(app.clone().oneshot(request).await.unwrap().into_body(), usize::MAX).await.unwrap();
        file.extend_from_slice(&page);
        pages += 1;
        let page: serde_json::Value = serde_json::from_slice(&page).unwrap();
        match page["page_info"]["next_marker"].as_str() {
            Some(next) => next.clone_into(&mut marker),
            None => break,
        }
    }
    assert_eq!(pages, 3);
    for format in [Some(Format::Json), None] {
        let fleet = read(file.as_slice(), format).unwrap();
        assert_eq!(rows(&Cloud::new(config(FleetConfig::Stored(Arc::new(fleet))))), expected);
    }
}

/// As `reinstall list --output json` and `--output ndjson` print it.
#[test]
fn what_the_product_lists_is_a_fleet() {
    let row = format!(
        r#"{{"id": "{A}", "name": "rack-1", "state": "running", "operation_state": "reinstall-succeed",
            "error": {{"code": "X.1", "message": "old", "type": "modify_ip_error"}}, "image_id": "{IMAGE}",
            "os": "windows", "updated_at": "2026-01-01", "launched_at": null, "via": "list"}}"#
    );
    let bare = format!(
        r#"{{"id": "{A}", "name": null, "state": null, "operation_state": null, "error": null, "image_id": null,
            "os": null, "updated_at": null, "launched_at": null, "via": "status"}}"#
    );
    for text in [format!(r#"{{"complete": true, "instances": [{row}]}}"#), row.replace('\n', "")] {
        let fleet = rows(&cloud(&text, Format::Json));
        let [row] = &fleet[..] else { panic!("one") };
        assert_eq!(
            (row.name.as_str(), row.image.os, row.image.id.to_string()),
            ("rack-1", OsFamily::Windows, IMAGE.into())
        );
        assert_eq!(row.glimpse.operation_state, Some(OperationState::REINSTALLED));
        assert_eq!(row.glimpse.error.as_ref().unwrap().kind.as_str(), "modify_ip_error");
    }
    let listed = Cloud::new(config(FleetConfig::Listed(vec![A.parse().unwrap()])));
    assert_eq!(rows(&cloud(&bare, Format::Json)), rows(&listed), "nothing is said, all is made up");
}

#[test]
fn formats_are_told_apart() {
    for (text, format) in [
        ("", None),
        ("\n# only a comment\n", None),
        ("hello", None),
        (A, None),
        ("\n  [", Some(Format::Json)),
        ("{\"id\": 1}\n{", Some(Format::Json)),
        ("# x\n\nname, ID \n", Some(Format::Csv)),
        ("\"id\"\r\n", Some(Format::Csv)),
        ("instance_id,x", Some(Format::Csv)),
        ("- id: x", Some(Format::Yaml)),
        ("---\n", Some(Format::Yaml)),
        ("instances:\n", Some(Format::Yaml)),
    ] {
        assert_eq!(Format::sniff(text.as_bytes()), format, "{text:?}");
    }
    for (path, format) in [
        ("a/fleet.CSV", Some(Format::Csv)),
        ("fleet.json", Some(Format::Json)),
        ("fleet.jsonl", Some(Format::JsonLines)),
        ("fleet.ndjson", Some(Format::JsonLines)),
        ("fleet.yml", Some(Format::Yaml)),
        ("fleet.yaml", Some(Format::Yaml)),
        ("fleet.txt", None),
        ("csv", None),
    ] {
        assert_eq!(Format::by_extension(Path::new(path)), format, "{path}");
    }
}

/// A text and what is said of it. `@A` and `@B` stand for ids, `@uuid` for the rule about them.
type Flaws = &'static [(&'static str, &'static str)];

const CSV_FLAWS: Flaws = &[
    ("", "there is no instance in it"),
    ("# nobody\n\n", "there is no instance in it"),
    ("id,name\n", "there is no instance in it"),
    ("\nid,nmae\n@A,x\n", "line 2: there is no column `nmae`; did you mean `name`?"),
    ("name\nx\n", "line 1: there is no `id`"),
    ("@A,x\n", "line 1: there is no column `@A`"),
    ("id,Instance_ID\n@A,@B\n", "line 1: `id` is given twice"),
    ("id,tags,tags\n@A,,\n", "line 1: `tags` is given twice"),
    ("id,name\n@A,x\n# c\n\n@B\n", "line 5: the header has 2 columns, this line has 1"),
    ("id,name\n@A,\"x\n@B,y\n", "line 2: a quoted field goes on over the end of the line; a quote may be missing"),
    ("id,name\n@A,\"x", "line 2: a quoted field goes on over the end of the line; a quote may be missing"),
    ("id,name\n\n,x\n", "line 3: there is no `id`"),
    ("id\n@A\n\nx-1\n", "line 4: `id`: `x-1` @uuid"),
    ("id,image_id\n@A,ubuntu\n", "line 2: `image_id`: `ubuntu` @uuid"),
    ("id,server_id\n@A,s\n", "line 2: `server_id`: `s` @uuid"),
    ("id,os_type\n@A,VxWorks\n", "line 2: `os_type`: `VxWorks` must be Linux or Windows"),
    ("id,ipv4_address\n@A,10.0.0\n", "line 2: `ipv4_address`: `10.0.0` must be four numbers, as in 10.0.0.17"),
    ("id,created_at\n@A,yesterday\n", "line 2: `created_at`: `yesterday` must be a time, as in 2026-11-23T11:30:16Z"),
    (
        "id,created_at\n@A,1969-01-01T00:00:00Z\n",
        "line 2: `created_at`: `1969-01-01T00:00:00Z` must be a time, as in 2026-11-23T11:30:16Z",
    ),
    ("id,tags\n@A,a=b;=c\n", "line 2: `tags`: `=c` is no tag: it must be a key, or a key=value"),
    ("id\n@A\n@B\n\n0B29C7A1-0000-4000-8000-00000000000A\n@B\n", "line 5: instance @A stands on line 2 already"),
];

const JSON_LINES_FLAWS: Flaws = &[
    ("{\"id\": \"@A\"}\n\n{\"id\": \"@A\"}\n", "line 3: instance @A stands on line 1 already"),
    ("{\"id\": \"@A\"}\n{\"id\": \"x\"}\n", "line 2: `id`: `x` @uuid"),
    ("{\"id\": \"@A\"}\n{\"id\": 7}\n", "line 2: column 8: invalid type: integer `7`, expected text for `id`"),
    ("{\"id\": \"@A\"}\n{\"id\": \"@B\"\n", "line 3: EOF while parsing an object"),
    ("{\"id\": \"@A\"} {\"id\": \"@B\"}\n", "line 1: column 48: trailing characters"),
    ("{\"id\": \"@A\", \"nam\": \"x\"}\n", "line 1: column 52: there is no key `nam`; did you mean `name`?"),
];

const JSON_FLAWS: Flaws = &[
    (" \n", "there is no instance in it"),
    ("[]", "there is no instance in it"),
    ("{\"instances\": []}", "there is no instance in it"),
    ("[{\"id\": \"@A\"},\n\n{\n\"id\": \"x\"}]", "line 3: `id`: `x` @uuid"),
    ("[{\"id\": \"@A\"},\n\n{\n\"nmae\": \"x\"}]", "line 4: column 7: there is no key `nmae`; did you mean `name`?"),
    ("[{\"id\": \"@A\"},\n{\"id\": \"@B\"},\n{\"id\": \"@B\"}]", "line 3: instance @B stands on line 2 already"),
    (
        "{\"instances\": [\n{\"id\": \"@A\"}], \"conut\": 1}",
        "line 2: column 57: there is no key `conut`; did you mean `count`?",
    ),
    (
        "{\"id\": \"@A\", \"instances\": []}",
        "line 1: column 63: an object with `instances` is no instance, and has no other keys of one",
    ),
    ("[{\"id\": \"@A\"},\n[]]", "line 2: column 1: invalid type: sequence, expected an object with an `id`"),
    ("[\"@A\"]", "line 1: column 39: invalid type: string \"@A\", expected an object with an `id`"),
    (
        "17",
        "line 1: column 2: invalid type: integer `17`, expected instances: an object with an `id`, a list of them, or an object with such a list under `instances`",
    ),
    ("[{\"id\": \"@A\"},\n]", "line 2: column 1: trailing comma"),
    ("[{\"id\": \"@A\"}", "line 1: EOF while parsing a list"),
    ("{\"complete\": true}", "line 1: there is no `id`"),
    ("{\"servers\": []}", "line 1: column 11: there is no key `servers`; did you mean `server_id`?"),
    ("{\"id\": \"@A\", \"image\": {\"id\": \"x\"}}", "line 1: `image_id`: `x` @uuid"),
    (
        "{\"id\": \"@A\", \"image\": {\"nam\": \"x\"}}",
        "line 1: column 63: there is no key of `image` `nam`; did you mean `name`?",
    ),
    ("{\"id\": \"@A\", \"image\": \"x\"}", "line 1: column 59: invalid type: string \"x\", expected an image"),
    (
        "{\"id\": \"@A\", \"image_id\": \"x\",\n\"image\": {\"id\": \"x\"}}",
        "line 2: column 20: `image_id` is given twice",
    ),
    ("{\"id\": \"@A\",\n\"tags\": {\"k\": 1}}", "line 2: column 16: invalid type: integer `1`, expected a string"),
    (
        "{\"id\": \"@A\", \"tags\": [{\"kye\": \"k\"}]}",
        "line 1: column 63: unknown field `kye`, expected `key` or `value`",
    ),
    ("{\"id\": \"@A\", \"tags\": {\"\": \"k\"}}", "line 1: column 64: a tag has an empty key, or control characters"),
    (
        "{\"id\": \"@A\", \"unread\": {\"kind\": \"timed_out\"}}",
        "line 1: nothing was seen of this instance, so that there is nothing to copy",
    ),
];

const YAML_FLAWS: Flaws = &[
    ("[]", "there is no instance in it"),
    ("- id: @A\n- id: x\n", "line 2: `id`: `x` @uuid"),
    ("- id: @A\n\n-\n  name: x\n  id: @A\n", "line 4: instance @A stands on line 1 already"),
    ("- id: @A\n  nmae: x\n", "line 2: column 3: there is no key `nmae`; did you mean `name`?"),
    ("- id: @A\n- {\n", "line "),
    ("- id: @A\n  tags: 5\n", "line 2: "),
];

fn filled_in(text: &str) -> String {
    let rule = "must be a UUID, 8-4-4-4-12 hexadecimal digits with hyphens";
    text.replace("@A", A).replace("@B", B).replace("@uuid", rule)
}

/// What is said of a text, if it is not this. What YAML's parser says at the end is its own affair.
fn surprise(format: Format, text: &str, told: &str) -> Option<String> {
    let (text, told) = (filled_in(text), filled_in(told));
    let error = read(text.as_bytes(), Some(format)).map(|fleet| fleet.len()).unwrap_err().to_string();
    let is_right = if told.ends_with(' ') { error.starts_with(&told) } else { error == told };
    let begin = &text[..text.len().min(200)];
    (!is_right).then(|| format!("{format:?} {begin:?}: {error}\n    in place of {told}"))
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let tables = [
        (Format::Csv, CSV_FLAWS),
        (Format::JsonLines, JSON_LINES_FLAWS),
        (Format::Json, JSON_FLAWS),
        (Format::Yaml, YAML_FLAWS),
    ];
    let flaws = tables.iter().flat_map(|(format, flaws)| flaws.iter().map(|(text, told)| (*format, *text, *told)));
    let surprises: Vec<String> = flaws.filter_map(|(format, text, told)| surprise(format, text, told)).collect();
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
    assert_eq!(read("hello\n".as_bytes(), None).unwrap_err().to_string(), FleetFileError::NoFormat.to_string());
    let latin = [b"id,name\n".as_slice(), A.as_bytes(), b",\xe9\n"].concat();
    assert_eq!(read(latin.as_slice(), None).unwrap_err().to_string(), "line 2: this is not UTF-8");
}

#[test]
fn what_goes_on_for_too_long_is_refused() {
    use Format::{Csv, Json, JsonLines, Yaml};
    let long = "x".repeat(ROW_BYTES_MAX * 2);
    let padding = " ".repeat(ROW_BYTES_MAX * 2);
    for (format, text, line) in [
        (Csv, format!("id,name\n@A,y\n@B,{long}\n"), 3),
        (Csv, format!("id\n@A\n{padding}"), 3),
        (JsonLines, format!("{{\"id\": \"@A\"}}\n{{\"name\": \"{long}\"}}"), 2),
        (Json, format!("[{{\"id\": \"@A\"}},\n{{\"id\": \"@B\", \"description\": \"{long}\"}}]"), 2),
        (Json, format!("[{{\"id\": \"@A\"}},\n{padding}{{\"id\": \"@B\"}}]"), 2),
        (Yaml, format!("- id: @A\n- id: @B\n  description: {long}\n"), 3),
    ] {
        assert_eq!(surprise(format, &text, &format!("line {line}: it goes on for more than 64 KiB")), None);
    }
    let fits = "x".repeat(ROW_BYTES_MAX - 100);
    for (format, text) in [
        (Csv, format!("id,name\n{A},{fits}\n")),
        (JsonLines, format!("{{\"id\": \"{A}\", \"name\": \"{fits}\"}}")),
        (Json, format!("[{{\"id\": \"{A}\", \"name\": \"{fits}\"}}, {{\"id\": \"{B}\", \"name\": \"{fits}\"}}]")),
        (Yaml, format!("- id: {A}\n  name: {fits}\n- id: {B}\n  name: {fits}\n")),
    ] {
        assert_eq!(rows(&cloud(&text, format))[0].name, fits, "{format:?}");
    }
}

/// Whatever is cut off a file or spoilt in it, there is an answer, and no fleet with more instances than before.
#[test]
fn spoilt_files_are_answered() {
    for (format, text) in [(Format::Csv, CSV), (Format::Json, API), (Format::JsonLines, FLAT), (Format::Yaml, YAML)] {
        // Every place would take seconds.
        for at in (0..text.len()).step_by(7) {
            let (before, after) = (&text.as_bytes()[..at], &text.as_bytes()[at + 1..]);
            let spoilt = [b"".as_slice(), b"\0", b"\xff", b"\"", b"{", b",", b"\n", b"\r", b"\x1e"];
            let spoilt = spoilt.iter().map(|byte| [before, byte, after].concat()).chain([before.to_vec()]);
            for bytes in spoilt {
                let len = read(bytes.as_slice(), Some(format)).map_or(0, |fleet| fleet.len());
                assert!(len <= 3, "{format:?} at {at}: {len}");
            }
        }
    }
}

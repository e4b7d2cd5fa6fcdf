//! Servers as values: how they begin and end.

use std::net::Ipv4Addr;

use axum::Router;
use axum::extract::Extension;
use axum::routing::get;
use reinstall_http::clock::Clock;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::raw::{Client, Rig, ask, patient};
use super::{MockServer, Peer, Saw, exchange, get_status, read_answer};

#[tokio::test]
async fn shutdown_ends_idle_connections_and_frees_the_port() {
    let server = MockServer::builder().start().await.unwrap();
    let address = server.address();
    assert_eq!(server.base_url(), format!("http://{address}"));
    let mut idle = TcpStream::connect(address).await.unwrap();
    let id = server.ids()[0];
    assert!(matches!(exchange(&mut idle, &get_status(id)).await, Saw::Body { .. }));
    server.shutdown().await;
    assert_eq!(read_answer(&mut idle).await, Saw::Nothing);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn dropping_sixty_servers_stops_them_without_waiting() {
    let mut servers = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..60 {
        let server = MockServer::builder().instances(1).start().await.unwrap();
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        assert!(matches!(exchange(&mut client, &get_status(server.ids()[0])).await, Saw::Body { .. }));
        idle.push(client);
        servers.push(server);
    }
    drop(servers);
    // And then goes on.
    let server = MockServer::builder().instances(1).start().await.unwrap();
    let mut client = TcpStream::connect(server.address()).await.unwrap();
    assert!(matches!(exchange(&mut client, &get_status(server.ids()[0])).await, Saw::Body { .. }));
    for mut stream in idle {
        let mut bytes = Vec::new();
        let ended = stream.read_to_end(&mut bytes).await;
        assert_eq!((ended.unwrap(), bytes), (0, Vec::new()));
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_server_starts_in_no_time() {
    const SERVERS: u32 = 200;
    let clock = Clock::start();
    let began = clock.now();
    let mut servers = Vec::new();
    for _ in 0..SERVERS {
        servers.push(MockServer::builder().instances(100).start().await.unwrap());
    }
    println!("{:?} for a server to start", clock.now().since(began) / SERVERS);
    let began = clock.now();
    for server in servers {
        server.shutdown().await;
    }
    println!("{:?} for a server to stop", clock.now().since(began) / SERVERS);
}

#[tokio::test]
async fn the_admin_api_may_have_an_address_of_its_own() {
    let server = MockServer::builder().start().await.unwrap();
    assert_eq!((server.admin_url(), server.admin_address()), (server.base_url(), None));
    server.shutdown().await;

    let server = MockServer::builder().admin_listen((Ipv4Addr::LOCALHOST, 0).into()).start().await.unwrap();
    let address = server.admin_address().unwrap();
    assert_ne!(address, server.address());
    assert_eq!(server.admin_url(), format!("http://{address}"));
    Client(Box::new(TcpStream::connect(address).await.unwrap())).gets("/_mock/healthz", "HTTP/1.1 200 OK").await;
    server.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn each_request_knows_where_it_comes_from() {
    let tell = async |Extension(Peer(address)): Extension<Peer>| address.to_string();
    let rig = Rig::start(Router::new().route("/", get(tell)), patient(), false).await;
    for _ in 0..2 {
        let tcp = TcpStream::connect(rig.address).await.unwrap();
        let own = tcp.local_addr().unwrap().to_string();
        let mut client = Client(Box::new(tcp));
        client.send(ask("/").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
        let answer = String::from_utf8(client.read_all().await.0).unwrap();
        assert!(answer.ends_with(&own), "{own}: {answer}");
    }
    rig.stop().await;
}

//! Flags about where to listen, and to whom.

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use reinstall_core::secret::SessionToken;
use zeroize::Zeroizing;

use crate::hosts::Hosts;

/// Flags about where to listen, and to whom.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,

    /// Permit an address that other machines can reach; needs --admin-token-file
    #[arg(long)]
    pub listen_public: bool,

    /// Another name that clients may call the server by, beside those of this machine's loopback; may be given more than once
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,

    /// Where the calls under /_mock/ are served, if not beside the others
    #[arg(long, value_name = "ADDR")]
    pub admin_listen: Option<SocketAddr>,

    /// A file with the token that calls under /_mock/ need, as Authorization: Bearer
    #[arg(long, value_name = "FILE")]
    pub admin_token_file: Option<PathBuf>,

    /// Speak TLS, with a certificate that is made at the start
    #[arg(long, conflicts_with = "tls_cert")]
    pub tls: bool,

    /// Speak TLS with this certificate and those that lead from it to a root, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

/// Where to listen, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doors {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the admin calls are served, if not beside the others.
    pub admin_listen: Option<SocketAddr>,
    /// By which names clients may call.
    pub hosts: Hosts,
    /// Whether to speak TLS, and with which certificate; plain HTTP if `None`.
    pub tls: Option<TlsSource>,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSource {
    /// It is made at the start.
    Generated,
    /// From files, in PEM.
    Files {
        /// The certificate, and those that lead from it to a root.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

impl NetworkArgs {
    /// The most bytes of a file with a token.
    const TOKEN_BYTES_MAX: u64 = 64 * 1024;

    /// Why these must not be obeyed, if so.
    #[must_use]
    pub fn objection(&self) -> Option<String> {
        let addresses = [("--listen", Some(self.listen)), ("--admin-listen", self.admin_listen)];
        let public = addresses.into_iter().find_map(|(flag, address)| {
            let address = address.filter(|address| !address.ip().is_loopback())?;
            Some((flag, address))
        });
        let (flag, address) = public?;
        if !self.listen_public {
            return Some(format!(
                "{flag}: {address} can be reached from other machines; if that is meant, add --listen-public"
            ));
        }
        self.admin_token_file.is_none().then(|| {
            format!(
                "{flag}: whoever reaches {address} could arm faults and read the log; write a made-up token into a file, \
                 and add --admin-token-file FILE"
            )
        })
    }

    /// Where to listen, and to whom.
    pub(super) fn doors(&self) -> Doors {
        let addresses = [Some(self.listen), self.admin_listen];
        let is_private = addresses.into_iter().flatten().all(|address| address.ip().is_loopback());
        let hosts = match is_private || !self.allow_host.is_empty() {
            true => Hosts::Loopback(self.allow_host.clone()),
            false => Hosts::Any,
        };
        let files = self.tls_cert.clone().zip(self.tls_key.clone());
        let files = files.map(|(certificate, key)| TlsSource::Files { certificate, key });
        let tls = files.or(self.tls.then_some(TlsSource::Generated));
        Doors { listen: self.listen, admin_listen: self.admin_listen, hosts, tls }
    }

    /// The token that admin calls need, if they need one.
    ///
    /// # Errors
    /// Says why there is none in the file, and nothing of what is there.
    pub(super) fn admin_token(&self) -> Result<Option<SessionToken>, String> {
        self.admin_token_file.as_deref().map(|path| read_token(path, Self::TOKEN_BYTES_MAX)).transpose()
    }
}

fn read_token(path: &Path, bytes_max: u64) -> Result<SessionToken, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("--admin-token-file: {}: {why}", path.display());
    let file = File::open(path).map_err(|error| wrong(&error))?;
    let mut text = Zeroizing::new(String::new());
    file.take(bytes_max + 1).read_to_string(&mut text).map_err(|error| wrong(&error))?;
    if text.len() as u64 > bytes_max {
        return Err(wrong(&format_args!("longer than {bytes_max} bytes")));
    }
    SessionToken::parse(text.trim_end()).map_err(|error| wrong(&error))
}

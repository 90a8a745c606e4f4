//! Where the server listens.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::folder::Password;

/// The superuser's name.
pub(super) const USER: &str = "duijie";

/// Part of the socket's name.
const SOCKET_PORT: u16 = 5432;
/// macOS allows no more bytes, Linux four more.
const LONGEST_SOCKET: usize = 103;

/// A socket in a folder, or a port of the machine itself where the folder's path is too long for a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Socket(String),
    Loopback(u16),
}

impl Address {
    /// A socket in the folder, or a free port.
    pub fn choose(folder: &Path) -> io::Result<Self> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Self::of(folder, free.local_addr()?.port()))
    }

    /// Where a server with this socket folder listens, if its port is this one.
    pub fn of(folder: &Path, port: u16) -> Self {
        match folder.to_str() {
            Some(name) if socket(folder).as_os_str().len() <= LONGEST_SOCKET => Self::Socket(name.to_owned()),
            _ => Self::Loopback(port),
        }
    }

    /// What the server must be told.
    pub fn settings(&self) -> Vec<String> {
        match self {
            Self::Socket(folder) => vec![
                "listen_addresses=".to_owned(),
                // A list, in which a quoted name may hold commas.
                format!("unix_socket_directories=\"{}\"", folder.replace('"', "\"\"")),
                "unix_socket_permissions=0700".to_owned(),
                format!("port={SOCKET_PORT}"),
            ],
            Self::Loopback(port) => vec![
                format!("listen_addresses={}", Ipv4Addr::LOCALHOST),
                "unix_socket_directories=".to_owned(),
                format!("port={port}"),
            ],
        }
    }

    pub fn url(&self, password: &Password, database: &str) -> String {
        let (host, port) = match self {
            Self::Socket(folder) => (encode(folder), SOCKET_PORT),
            Self::Loopback(port) => (Ipv4Addr::LOCALHOST.to_string(), *port),
        };
        format!("postgres://{USER}:{}@{host}:{port}/{}", encode(password.reveal()), encode(database))
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{SOCKET_PORT}"))
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

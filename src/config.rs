//! Settings: each can be given as an option or by the environment.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::BoolishValueParser;
use ipnet::IpNet;

use crate::http::SiteOrigin;
use crate::identity::passwords::Cost;
use crate::identity::secret::{Secret, SecretError};
use crate::matching::{IndexError, Model};

/// Where the service keeps its data and where it listens.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// A PostgreSQL server to use. Without it the service runs one of its own under the data folder.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The folder for the search index, and for the service's own PostgreSQL. By default one for `serve` and one for
    /// `demo`, under /var/lib/duijie for root and ~/.local/share/duijie for anyone else.
    #[arg(long, env = "DUIJIE_DATA")]
    pub data: Option<PathBuf>,
    /// A folder for the contents of files that are uploaded, shared by all processes on one database. Without it they lie in
    /// the database. Files that were uploaded before stay where they are.
    #[arg(long, env = "DUIJIE_FILES")]
    pub files: Option<PathBuf>,
    /// A matching model that `duijie train` wrote, instead of the program's own. Every process on one database should have
    /// the same.
    #[arg(long, env = "DUIJIE_MODEL", value_parser = parse_model)]
    pub model: Option<Model>,
    /// Find and match by words alone, without the model of meaning that the program carries.
    #[arg(long, env = "DUIJIE_NO_MEANING", value_parser = BoolishValueParser::new())]
    pub no_meaning: bool,
    /// What seals the keys that sign tokens: 32 bytes in base64, the same for every process on one database. Without it
    /// one is made and kept in the data folder.
    #[arg(long, env = "DUIJIE_SECRET", hide_env_values = true)]
    pub secret: Option<Secret>,
    /// What a password hash costs (argon2id): KiB, passes, lanes. Where it rises, hashes are renewed as people sign in.
    #[arg(long, env = "DUIJIE_PASSWORD_COST", default_value = "m=19456,t=2,p=1")]
    pub password_cost: Cost,
    /// The address under which callers reach the service, such as <https://duijie.example.com>: the issuer of its tokens
    /// and the beginning of its links. By default that on which it listens.
    #[arg(long, env = "DUIJIE_URL", value_parser = parse_url)]
    pub url: Option<String>,
    /// The networks of the proxies in front of the service, with commas. Only what these say of where a request comes
    /// from (X-Forwarded-For) is believed.
    #[arg(long, env = "DUIJIE_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpNet>,
    /// Units a minute that a caller may use up: an account, or without one a network. A plain request costs one, a
    /// heavier one more. Each process counts by itself.
    #[arg(long, env = "DUIJIE_RATE", default_value = "600")]
    pub rate: NonZeroU32,
    /// The origins of other web sites whose pages may call the API, such as `https://site.example.com`, with commas.
    #[arg(long, env = "DUIJIE_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<SiteOrigin>,
    /// Let webhooks go to this machine as well, and there without TLS: for tests of receivers, never in earnest.
    #[arg(long, env = "DUIJIE_WEBHOOK_LOOPBACK", value_parser = BoolishValueParser::new())]
    pub webhook_loopback: bool,
    /// The address to listen on.
    #[arg(long, env = "DUIJIE_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

impl Settings {
    /// The secret that is given, or the one kept in the data folder.
    ///
    /// # Errors
    /// If the folder cannot keep one.
    pub fn secret(&self, folder: &Path) -> Result<Secret, SecretError> {
        self.secret.clone().map_or_else(|| Secret::kept_in(folder), Ok)
    }

    /// The data folder; `purpose` keeps samples apart from what is real.
    #[must_use]
    pub fn folder(&self, purpose: &str) -> PathBuf {
        self.data.clone().unwrap_or_else(|| base_folder().join(purpose))
    }
}

/// A base address without a slash at its end.
fn parse_url(text: &str) -> Result<String, &'static str> {
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = |host: &str| !host.is_empty() && !host.contains(['?', '#', '@', ' ', '"']);
    host.filter(|host| plain(host)).map(|_| url.to_owned()).ok_or("an address begins with https:// or http://")
}

/// A model file that is sound: one that is not is found before anything is started.
fn parse_model(file: &str) -> Result<Model, IndexError> {
    Model::open(Path::new(file))
}

/// Root's home cannot be entered by the account that PostgreSQL runs as, so root's data lies elsewhere.
fn base_folder() -> PathBuf {
    if database_account_differs() {
        return PathBuf::from("/var/lib/duijie");
    }
    let home = std::env::home_dir().unwrap_or_else(|| PathBuf::from("."));
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    data.unwrap_or_else(|| home.join(".local/share")).join("duijie")
}

fn database_account_differs() -> bool {
    nix::unistd::geteuid().is_root()
}

//! What can be wrong, in words for whoever starts the program.

use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "没有找到 PostgreSQL（14 或更新），也无法下载：{download}\n\
         no PostgreSQL (14 or newer) was found, and it could not be downloaded\n\
         \x20 Debian, Ubuntu:  apt-get install postgresql\n\
         \x20 Fedora, RHEL:    dnf install postgresql-server\n\
         \x20 macOS:           brew install postgresql@17\n\
         or set DATABASE_URL to a server that runs elsewhere"
    )]
    NotFound { download: String },
    #[error(
        "{folder} 正被另一个进程使用 is in use by another process; stop that one, or choose another folder with --data"
    )]
    InUse { folder: PathBuf },
    #[error(
        "{folder} 由 PostgreSQL {there} 建立，而找到的是 {found} was made by PostgreSQL {there}, but version {found} was found; install version {there}, or choose another folder with --data"
    )]
    OtherVersion { folder: PathBuf, there: String, found: String },
    #[error(
        "PostgreSQL 以 {account} 的身份运行，无法进入 {blocked} runs as {account}, who cannot enter {blocked}; choose a folder elsewhere with --data, such as /var/lib/duijie"
    )]
    Unreachable { account: String, blocked: PathBuf },
    #[error(
        "PostgreSQL 不能以 root 运行，而系统中没有 postgres 或 nobody 账号 refuses to run as root, and there is no account postgres or nobody"
    )]
    NoAccount,
    #[error("{folder}: {source}")]
    Folder { folder: PathBuf, source: std::io::Error },
    #[error("{program} 失败 failed:\n{output}")]
    Program { program: &'static str, output: String },
    #[error("PostgreSQL 没有启动 did not start; the end of its log:\n{log}")]
    NotStarted { log: String },
    #[error("{folder} 中没有正在运行的数据库 holds no running database")]
    NotRunning { folder: PathBuf },
    #[error("PostgreSQL: {0}")]
    Server(#[from] tokio_postgres::Error),
}

impl ClusterError {
    /// For an error of the file system: which folder it was about.
    pub(super) fn at(folder: &Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let folder = folder.to_owned();
        move |source| Self::Folder { folder, source }
    }
}

//! HTTP/1.1 on one connection that is kept, at next to no cost of its own: a client that shares the cores with the service
//! must not be what is measured.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than this no answer is waited for.
const PATIENCE: Duration = Duration::from_mins(2);
/// What is read at once.
const PIECE: usize = 1 << 16;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";
const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// The bytes of a request that reads.
pub fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nhost: duijie\r\n\r\n").into_bytes()
}

/// The bytes of a request that posts JSON, by the holder of a token or by the public.
pub fn post(target: &str, token: Option<&str>, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    let head = format!("POST {target} HTTP/1.1\r\nhost: duijie\r\ncontent-type: application/json\r\n{bearer}");
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A connection, with what was read of the last answer.
pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, read: Vec::with_capacity(PIECE) })
    }

    /// Sends a request; the status and the body of the answer.
    pub fn call(&mut self, request: &[u8]) -> io::Result<(u16, &[u8])> {
        self.stream.write_all(request)?;
        self.read.clear();
        let mut body = None;
        while body.is_none_or(|(start, length)| self.read.len() < start + length) {
            self.read_on()?;
            body = body.or_else(|| body_of(&self.read));
        }
        let status = std::str::from_utf8(&self.read[9..12]).ok().and_then(|status| status.parse().ok());
        let start = body.map_or(0, |(start, _)| start);
        Ok((status.ok_or(ErrorKind::InvalidData)?, &self.read[start..]))
    }

    /// Sends a request of whose answer no length is known; how many bytes came until its end.
    pub fn stream(&mut self, request: &[u8]) -> io::Result<usize> {
        self.stream.write_all(request)?;
        self.read.clear();
        let mut all = 0;
        while !self.read.ends_with(LAST_CHUNK) {
            // The end may come in two pieces.
            let kept = self.read.len().min(LAST_CHUNK.len());
            self.read.drain(..self.read.len() - kept);
            self.read_on()?;
            all += self.read.len() - kept;
        }
        Ok(all)
    }

    fn read_on(&mut self) -> io::Result<()> {
        let before = self.read.len();
        self.read.resize(before + PIECE, 0);
        let more = self.stream.read(&mut self.read[before..])?;
        self.read.truncate(before + more);
        if more == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

/// Where the body begins and how long it is, once the head is there.
fn body_of(answer: &[u8]) -> Option<(usize, usize)> {
    let end = answer.windows(END_OF_HEAD.len()).position(|bytes| bytes == END_OF_HEAD)?;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse().ok()).expect("an answer with its length");
    Some((end + END_OF_HEAD.len(), length))
}

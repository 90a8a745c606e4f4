//! Who looks: a person, as far as a request tells.

use std::future::{Ready, ready};
use std::sync::LazyLock;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest};
use chrono::NaiveDate;
use ipnet::IpNet;
use isbot::Bots;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::http::{Address, OnlyHead};
use crate::identity::{Caller, Role, Secret};

/// Browsers that are told apart at one address: an office behind one address counts as several people, and whoever makes
/// up browsers counts as no more than these.
const BROWSERS: u8 = 16;

static ROBOTS: LazyLock<Bots> = LazyLock::new(Bots::default);

/// Whoever sends a request, if it is somebody who looks at things: neither a machine nor the centre itself.
pub struct Looking(Option<Person>);

#[derive(Debug, PartialEq, Eq)]
enum Person {
    Account(Uuid),
    Somebody { network: IpNet, browser: u8 },
}

impl Looking {
    fn of(request: &HttpRequest) -> Self {
        let extensions = request.extensions();
        let caller = extensions.get::<Caller>();
        if extensions.get::<OnlyHead>().is_some() || is_ahead_of_time(request.headers()) {
            return Self(None);
        }
        Self(match caller.map_or(Role::Public, Caller::role) {
            Role::Enterprise | Role::Expert => caller.and_then(Caller::user).map(Person::Account),
            Role::Public => {
                let network = Address::of(request).network();
                browser(request.headers()).map(|browser| Person::Somebody { network, browser })
            }
            Role::Partner | Role::Staff | Role::Admin => None,
        })
    }

    /// A number for the person on a day, from which nobody can tell who it is without the service's secret.
    pub(super) fn on(&self, day: NaiveDate, secret: &Secret) -> Option<i64> {
        let who = match self.0.as_ref()? {
            Person::Account(account) => account.to_string(),
            Person::Somebody { network, browser } => format!("{network} {browser}"),
        };
        let number = secret.digest(format!("{day} {who}").as_bytes(), b"visitor");
        Some(i64::from_be_bytes(*number.first_chunk()?))
    }
}

impl FromRequest for Looking {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

/// Does a browser fetch it before anybody asks for it (Fetch Standard, `Sec-Purpose`)?
fn is_ahead_of_time(headers: &HeaderMap) -> bool {
    let purposes = ["sec-purpose", "purpose"].into_iter().filter_map(|name| headers.get(name)?.to_str().ok());
    purposes.into_iter().any(|purpose| purpose.contains("prefetch") || purpose.contains("prerender"))
}

/// Which browser it is of those that are told apart; none where no person sits before it.
fn browser(headers: &HeaderMap) -> Option<u8> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    // What people use says so since the first of them.
    let is_browser = agent.starts_with("Mozilla/") || agent.starts_with("Opera/");
    (is_browser && !ROBOTS.is_bot(agent)).then(|| Sha256::digest(agent)[0] % BROWSERS)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 \
                        Safari/537.36 Edg/126.0";

    fn headers(agent: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, HeaderValue::from_str(agent).expect("a header"));
        headers
    }

    #[test]
    fn a_browser_is_a_person_and_a_robot_is_not() {
        let people = [
            EDGE,
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 \
             MicroMessenger/8.0.50 NetType/WIFI Language/zh_CN",
            "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
            "Mozilla/5.0 (Linux; Android 14; HarmonyOS) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0 Mobile \
             Safari/537.36 HuaweiBrowser/15.0",
        ];
        for agent in people {
            assert!(browser(&headers(agent)).is_some(), "{agent}");
        }
        let robots = [
            "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)",
            "Mozilla/5.0 (compatible; YisouSpider/5.0)",
            "Mozilla/5.0 (Linux; Android 7.0;) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; \
             PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
            "Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; \
             Bytespider; https://zhanzhang.toutiao.com/)",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0 Safari/537.36",
            "curl/8.5.0",
            "python-requests/2.32",
            "Java/17",
            "",
        ];
        for agent in robots {
            assert_eq!(browser(&headers(agent)), None, "{agent}");
        }
        assert_eq!(browser(&HeaderMap::new()), None);
    }

    #[test]
    fn what_a_browser_fetches_ahead_of_time_nobody_has_seen() {
        let mut asked = headers(EDGE);
        assert!(!is_ahead_of_time(&asked));
        asked.insert(header::HeaderName::from_static("sec-purpose"), HeaderValue::from_static("prefetch;prerender"));
        assert!(is_ahead_of_time(&asked));
    }

    #[test]
    fn a_person_is_one_number_a_day_and_another_under_another_secret() {
        let secret = |byte| STANDARD.encode([byte; 32]).parse::<Secret>().expect("a secret");
        let (one, other) = (secret(1), secret(2));
        let somebody = |browser| {
            let network = "203.0.113.7/32".parse().expect("a network");
            Looking(Some(Person::Somebody { network, browser }))
        };
        let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).expect("a day");
        let number = somebody(1).on(day(1), &one);
        assert!(number.is_some());
        assert_eq!(number, somebody(1).on(day(1), &one));
        for different in [somebody(2).on(day(1), &one), somebody(1).on(day(2), &one), somebody(1).on(day(1), &other)] {
            assert_ne!(number, different);
        }
        assert_eq!(Looking(None).on(day(1), &one), None);
    }
}

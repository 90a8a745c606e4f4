//! The closed list of problem kinds. Each has a status, a title and an explanation in both languages, and a page
//! under `/problems/`.

use actix_web::http::StatusCode;

use super::Language;

macro_rules! catalogue {
    ($($kind:ident, $slug:literal, $status:ident, $title_zh:literal, $title_en:literal,
       $explained_zh:literal, $explained_en:literal;)+) => {
        /// What kind of problem; `slug` is the last part of the problem's `type`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($kind,)+ }

        impl Kind {
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            #[must_use]
            pub const fn slug(self) -> &'static str {
                match self { $(Self::$kind => $slug,)+ }
            }

            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status,)+ }
            }

            #[must_use]
            pub const fn title(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$kind, Language::Chinese) => $title_zh, (Self::$kind, Language::English) => $title_en,)+
                }
            }

            #[must_use]
            pub const fn explanation(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$kind, Language::Chinese) => $explained_zh,
                      (Self::$kind, Language::English) => $explained_en,)+
                }
            }
        }
    };
}

catalogue! {
    MalformedBody, "malformed-body", BAD_REQUEST, "请求体不是 JSON", "The body is not JSON",
        "请求体无法按 JSON（UTF-8）读出。请检查括号、引号和编码。",
        "The body could not be read as JSON in UTF-8. Check brackets, quotes and encoding.";
    InvalidParameter, "invalid-parameter", BAD_REQUEST, "查询参数有误", "A query parameter is wrong",
        "一个或多个查询参数不认识或不合规则；errors 逐项指出。",
        "One or more query parameters are unknown or break a rule; errors names each.";
    InvalidHeader, "invalid-header", BAD_REQUEST, "请求头有误", "A request header is wrong",
        "请求头不合规则。", "A request header breaks a rule.";
    InvalidCursor, "invalid-cursor", BAD_REQUEST, "翻页游标无效", "The cursor is not valid",
        "游标不是本服务给出的，或者与当前的筛选条件不符。请从第一页重新开始。",
        "The cursor was not given out by this service for these filters. Start again from the first page.";
    Unauthenticated, "unauthenticated", UNAUTHORIZED, "需要登录", "Sign in first",
        "请求没有带有效的访问令牌，或者令牌已过期。请登录后重试。",
        "The request bears no valid access token, or the token has expired. Sign in and try again.";
    WrongCredentials, "wrong-credentials", UNAUTHORIZED, "账号或密码不对", "Wrong login or password",
        "账号或密码不对，或者账号已停用。", "The login or the password is wrong, or the account is disabled.";
    CodeRequired, "code-required", UNAUTHORIZED, "需要验证码", "A code is needed",
        "这个账号启用了第二因素：请连同验证器上的六位 code，或者一个 recovery_code 再次登录。",
        "The account has a second factor: sign in again with the six digits of the authenticator as code, or with a recovery_code.";
    SessionEnded, "session-ended", UNAUTHORIZED, "会话已结束", "The session has ended",
        "续期令牌不认识、已过期或已用过。请重新登录。",
        "The refresh token is unknown, expired or used. Sign in again.";
    Forbidden, "forbidden", FORBIDDEN, "没有权限", "Not allowed",
        "您的账号不能做这件事。", "Your account may not do this.";
    InsufficientScope, "insufficient-scope", FORBIDDEN, "权限范围不够", "The scope is not sufficient",
        "访问令牌没有这项操作所需的权限范围；WWW-Authenticate 头说明是哪一个。",
        "The access token lacks the scope of this operation; the WWW-Authenticate header names it.";
    SecondFactorRequired, "second-factor-required", FORBIDDEN, "需要第二因素", "A second factor is required",
        "这项操作只能在用第二因素登录的会话里进行：请先启用验证器，再带验证码登录。",
        "This takes a session that was begun with a second factor: add an authenticator, then sign in with its code.";
    NotFound, "not-found", NOT_FOUND, "没有找到", "Not found",
        "没有这个地址或记录，或者您看不到它。", "There is no such address or record, or it is not yours to see.";
    MethodNotAllowed, "method-not-allowed", METHOD_NOT_ALLOWED, "不支持这个方法", "Method not allowed",
        "这个地址不支持该 HTTP 方法；Allow 头列出可用的方法。",
        "This address does not take that HTTP method; the Allow header lists those it takes.";
    NotAcceptable, "not-acceptable", NOT_ACCEPTABLE, "无法给出所要的格式", "Not acceptable",
        "本服务以 application/json 回答，而请求的 Accept 头不接受它。",
        "This service answers with application/json, which the Accept header of the request rules out.";
    TimedOut, "timed-out", REQUEST_TIMEOUT, "请求超时", "The request took too long to arrive",
        "请求没有在规定时间内到达。", "The request did not arrive in time.";
    Conflict, "conflict", CONFLICT, "与已有记录冲突", "In conflict with what is there",
        "与已有的记录冲突；errors 指出是哪个字段。", "In conflict with an existing record; errors names the field.";
    InUse, "in-use", CONFLICT, "仍被引用", "Still in use",
        "还有其他记录依靠这条记录，请先处理它们。", "Other records stand on this one; deal with them first.";
    RequestInProgress, "request-in-progress", CONFLICT, "同一请求正在处理", "The same request is still running",
        "带有同一个 Idempotency-Key 的请求还没有处理完，请稍后重试。",
        "A request with the same Idempotency-Key is still running; try again shortly.";
    Gone, "gone", GONE, "记录已删除", "The record was deleted",
        "这条记录已被删除。", "This record was deleted.";
    LinkSpent, "link-spent", GONE, "链接已失效", "The link is good no more",
        "这个一次性链接不认识、已用过、已撤销或已过期。请向中心索取新的链接。",
        "The one-time link is unknown, used, revoked or expired. Ask the centre for another.";
    PreconditionFailed, "precondition-failed", PRECONDITION_FAILED, "记录已被他人修改", "The record has changed",
        "If-Match 与当前的 ETag 不符：记录在您读取之后已被修改。请重新读取后再改。",
        "If-Match does not name the current ETag: the record changed after you read it. Read it again, then change it.";
    PayloadTooLarge, "payload-too-large", PAYLOAD_TOO_LARGE, "请求体过大", "The body is too large",
        "请求体超过了上限。", "The body is over the limit.";
    UriTooLong, "uri-too-long", URI_TOO_LONG, "地址过长", "The address is too long",
        "请求的地址超过了上限。", "The address of the request is over the limit.";
    UnsupportedMediaType, "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "不支持这种内容类型", "Unsupported media type",
        "请以 application/json 发送（PATCH 也可用 application/merge-patch+json）。",
        "Send application/json (for PATCH application/merge-patch+json is taken too).";
    InvalidInput, "invalid-input", UNPROCESSABLE_ENTITY, "内容不合规则", "The input breaks rules",
        "内容已读出，但有不合规则之处；errors 逐项指出，什么也没有改变。",
        "The input was read but breaks rules; errors names each fault, and nothing was changed.";
    IdempotencyKeyReused, "idempotency-key-reused", UNPROCESSABLE_ENTITY, "Idempotency-Key 已用于别的请求",
        "The Idempotency-Key was used for another request",
        "同一个 Idempotency-Key 已随另一份内容用过；请换一个新的。",
        "The same Idempotency-Key came with another body before; take a new one.";
    PreconditionRequired, "precondition-required", PRECONDITION_REQUIRED, "需要 If-Match", "If-Match is required",
        "修改或删除记录须带 If-Match 头，其值为读取时得到的 ETag，以免盖掉他人的修改。",
        "A change or deletion needs If-Match with the ETag you read, so that nobody's change is overwritten.";
    HeadersTooLarge, "headers-too-large", REQUEST_HEADER_FIELDS_TOO_LARGE, "请求头过大", "The headers are too large",
        "请求头超过了上限。", "The headers of the request are over the limit.";
    TooManyRequests, "too-many-requests", TOO_MANY_REQUESTS, "请求过于频繁", "Too many requests",
        "请求过于频繁，请按 Retry-After 所示的秒数后重试。", "Too many requests; try again after the seconds in Retry-After.";
    Internal, "internal", INTERNAL_SERVER_ERROR, "服务内部出错", "Something broke inside",
        "服务内部出错，已记录。请把 trace_id 告诉我们。", "Something broke inside and was logged. Tell us the trace_id.";
    Unavailable, "unavailable", SERVICE_UNAVAILABLE, "服务暂不可用", "Not available right now",
        "数据库或索引暂不可用，请稍后重试。", "The database or the index is not available right now; try again shortly.";
}

impl Kind {
    /// The kind that stands for a bare status, such as the framework's own.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let first = Self::ALL.iter().copied().find(|kind| kind.status() == status);
        first.unwrap_or(if status.is_client_error() { Self::InvalidHeader } else { Self::Internal })
    }
}

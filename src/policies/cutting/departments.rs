//! Who is responsible for a clause: what its closing brackets say, such as （省科技厅牵头，省财政厅配合） and
//! （省科技厅、省财政厅按职责分工负责）, or a line 责任单位：省科技厅、省财政厅.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::{Text, contains, ends_with, is_space, places, starts_with};

/// What a body does for a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DepartmentRole)]
pub enum Role {
    /// 牵头
    Lead,
    /// 配合, 参与
    Support,
    /// 按职责分工负责
    Shared,
    /// 负责
    Responsible,
}

/// One responsible body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ResponsibleBody)]
pub struct Body {
    /// As it is written, with what stands before it: 省科技厅.
    pub name: String,
    pub role: Role,
}

/// Who is responsible, by one bracket or line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Departments {
    /// As it is written, without the brackets.
    pub written: String,
    /// Characters of the policy's text.
    pub start: usize,
    pub end: usize,
    pub bodies: Vec<Body>,
    /// What else it says: 以下均需各市县政府负责，不再列出.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What was found in a piece.
#[derive(Default)]
pub struct Found {
    pub departments: Vec<Departments>,
    /// Something at the end speaks of responsibility, and nobody is named in it.
    pub unclear: bool,
}

/// The longer ones first, as each may end with a shorter one.
const VERBS: [(&str, Role); 25] = [
    ("按照各自职责分工负责", Role::Shared),
    ("按各自职责分工负责", Role::Shared),
    ("按照职责分工负责", Role::Shared),
    ("按职责分工分别负责", Role::Shared),
    ("按职责分工负责", Role::Shared),
    ("按照职责分工落实", Role::Shared),
    ("按职责分工落实", Role::Shared),
    ("按照各自职责负责", Role::Shared),
    ("按各自职责负责", Role::Shared),
    ("按职责分工", Role::Shared),
    ("按分工负责", Role::Shared),
    ("按职责负责", Role::Shared),
    ("分工负责", Role::Shared),
    ("牵头负责", Role::Lead),
    ("牵头落实", Role::Lead),
    ("牵头", Role::Lead),
    ("协同配合", Role::Support),
    ("配合", Role::Support),
    ("参与", Role::Support),
    ("参加", Role::Support),
    ("协助", Role::Support),
    ("共同负责", Role::Shared),
    ("分别负责", Role::Shared),
    ("负责落实", Role::Responsible),
    ("负责", Role::Responsible),
];

/// What a list of bodies is introduced with.
const LABELS: [(&str, Role); 13] = [
    ("牵头单位", Role::Lead),
    ("牵头部门", Role::Lead),
    ("牵头责任单位", Role::Lead),
    ("配合单位", Role::Support),
    ("配合部门", Role::Support),
    ("参与单位", Role::Support),
    ("协办单位", Role::Support),
    ("主办单位", Role::Lead),
    ("责任单位", Role::Responsible),
    ("责任部门", Role::Responsible),
    ("负责单位", Role::Responsible),
    ("负责部门", Role::Responsible),
    ("责任主体", Role::Responsible),
];

/// What the names of public bodies end with.
const ENDINGS: &str = "厅局委办部处署院会组府心位门室行司站社馆队团校区企所";

/// A name that is longer is a sentence.
const LONGEST: usize = 40;

/// Who is responsible for a piece, by the brackets and lines of its own text.
#[must_use]
pub fn of(text: &Text, lines: &[Range<usize>]) -> Found {
    let mut found = Found::default();
    for (at, line) in lines.iter().enumerate() {
        let mut closes = false;
        for bracket in text.brackets(line) {
            let inside = bracket.start + 1..bracket.end - 1;
            if !speaks(text.plain(&inside)) {
                continue;
            }
            let rest = text.plain(&(bracket.end..line.end));
            let last = rest.iter().all(|c| is_space(*c) || "。;.".contains(*c));
            match read(text, inside) {
                Some(departments) => found.departments.push(departments),
                None => closes |= last,
            }
        }
        if at > 0 && labelled(text.plain(line)).is_some() {
            match read(text, line.clone()) {
                Some(departments) => found.departments.push(departments),
                None => closes = true,
            }
        }
        found.unclear |= closes;
    }
    found
}

/// Does it speak of who is responsible?
#[must_use]
pub fn speaks(plain: &[char]) -> bool {
    ["负责", "牵头", "责任单位", "责任部门", "配合", "按职责分工"].iter().any(|word| contains(plain, word))
}

/// Reads what a bracket holds; `None` if it names nobody.
fn read(text: &Text, inside: Range<usize>) -> Option<Departments> {
    let mut bodies = Vec::new();
    let mut notes = Vec::new();
    for sentence in split(text, &inside, "。;") {
        match sentence_bodies(text, &sentence) {
            Some(named) if notes.is_empty() => bodies.extend(named),
            _ => notes.push(text.given(&sentence)),
        }
    }
    let plausible = !bodies.is_empty() && bodies.iter().all(|(name, _)| is_body(text, name));
    plausible.then(|| Departments {
        written: text.given(&inside),
        start: inside.start,
        end: inside.end,
        bodies: bodies.into_iter().map(|(name, role)| Body { name: text.given(&name), role }).collect(),
        note: (!notes.is_empty()).then(|| notes.join("；")),
    })
}

/// The bodies of one sentence, each with what it does; `None` if it names none.
fn sentence_bodies(text: &Text, sentence: &Range<usize>) -> Option<Vec<(Range<usize>, Role)>> {
    if starts_with(text.plain(sentence), "以下") {
        return None;
    }
    let (mut named, mut waiting) = (Vec::new(), Vec::new());
    let mut label = None;
    for token in names(text, sentence) {
        let mut token = token;
        if let Some((length, role)) = labelled(text.plain(&token)) {
            named.extend(
                label.into_iter().flat_map(|role| waiting.drain(..).map(move |name| (name, role)).collect::<Vec<_>>()),
            );
            waiting.clear();
            label = Some(role);
            token = text.trimmed(token.start + length..token.end);
        }
        let verb = VERBS.iter().find(|(verb, _)| ends_with(text.plain(&token), verb));
        let verb_length = verb.map_or(0, |(verb, _)| verb.chars().count());
        let name = stripped(text, token.start..token.end - verb_length);
        let helped = places(text.plain(&name), "会同").next().filter(|at| *at > 0).map(|at| name.start + at);
        let first = helped.map_or(name.clone(), |at| name.start..at);
        waiting.extend(couple(text, first));
        if let Some((_, role)) = verb {
            named.extend(waiting.drain(..).map(|name| (name, *role)));
        }
        if let Some(at) = helped {
            let role = if verb.is_some() { Role::Responsible } else { Role::Lead };
            named.extend(waiting.drain(..).map(|name| (name, role)));
            named.extend(couple(text, at + 2..name.end).into_iter().map(|name| (name, Role::Support)));
        }
    }
    let role = label.or((!named.is_empty()).then_some(Role::Support))?;
    named.extend(waiting.into_iter().map(|name| (name, role)));
    Some(named)
}

/// The pieces between commas, where 各市、县政府 is one.
fn names(text: &Text, sentence: &Range<usize>) -> Vec<Range<usize>> {
    let mut names: Vec<Range<usize>> = Vec::new();
    for name in split(text, sentence, ",、 \t\u{3000}") {
        match names.last_mut() {
            Some(before)
                if starts_with(text.plain(before), "各")
                    && !is_body(text, before)
                    && !VERBS.iter().any(|(verb, _)| ends_with(text.plain(before), verb)) =>
            {
                before.end = name.end;
            }
            _ => names.push(name),
        }
    }
    names
}

/// Two bodies that a word joins, if each of them is one: 县科技局和县财政局.
fn couple(text: &Text, name: Range<usize>) -> Vec<Range<usize>> {
    if name.is_empty() {
        return Vec::new();
    }
    if name.len() > 2 * LONGEST {
        return vec![name];
    }
    for word in ["和", "与", "及", "以及"] {
        for at in places(text.plain(&name), word) {
            let (left, right) = (name.start..name.start + at, name.start + at + word.chars().count()..name.end);
            if left.len() > 1 && right.len() > 1 && is_body(text, &left) && is_body(text, &right) {
                return vec![left, right];
            }
        }
    }
    vec![name]
}

/// A name without 由 before it and 等 after it.
fn stripped(text: &Text, name: Range<usize>) -> Range<usize> {
    let mut name = text.trimmed(name);
    if starts_with(text.plain(&name), "由") {
        name.start += 1;
    }
    for tail in ["等有关部门", "等相关部门", "等有关单位", "等相关单位", "等部门", "等单位", "等"]
    {
        let length = tail.chars().count();
        if ends_with(text.plain(&name), tail) && name.len() > length {
            name.end -= length;
            break;
        }
    }
    name
}

/// The label that a list of bodies begins with: its length with the colon, and the role.
fn labelled(plain: &[char]) -> Option<(usize, Role)> {
    LABELS.iter().find_map(|(label, role)| {
        let length = label.chars().count();
        (starts_with(plain, label) && plain.get(length) == Some(&':')).then_some((length + 1, *role))
    })
}

/// Is it named as public bodies are?
fn is_body(text: &Text, name: &Range<usize>) -> bool {
    if name.len() > 2 * LONGEST {
        return false;
    }
    let plain = match text.brackets(name).last() {
        Some(bracket) if bracket.end == name.end => text.plain(&(name.start..bracket.start)),
        _ => text.plain(name),
    };
    (2..=LONGEST).contains(&plain.len()) && plain.last().is_some_and(|c| ENDINGS.contains(*c))
}

/// The pieces between marks that stand outside of brackets, without the space around them.
fn split(text: &Text, place: &Range<usize>, marks: &str) -> Vec<Range<usize>> {
    let brackets = text.brackets(place);
    let mut pieces = Vec::new();
    let mut start = place.start;
    let mut inner = brackets.iter().peekable();
    for at in place.clone() {
        while inner.next_if(|bracket| bracket.end <= at).is_some() {}
        let bracketed = inner.peek().is_some_and(|bracket| bracket.contains(&at));
        if !bracketed && text.plain(&(at..at + 1)).first().is_some_and(|c| marks.contains(*c)) {
            pieces.push(start..at);
            start = at + 1;
        }
    }
    pieces.push(start..place.end);
    pieces.into_iter().map(|piece| text.trimmed(piece)).filter(|piece| !piece.is_empty()).collect()
}

//! The program as it is run: health, commands, starting and stopping.

use std::process::Child;
use std::process::Stdio;
use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use duijie::database::{Database, lock, notices};
use serde_json::json;
use tokio::time::timeout;

use crate::harness::process::{add_user, open_folder, program, serve, sign_in};
use crate::harness::{Service, connect, enterprise, new_database};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_says_that_it_is_alive_and_ready() {
    let service = Service::start().await;
    assert_eq!(service.public().get("/health/live").await.text, "alive\n");
    let ready = service.public().get("/health/ready").await;
    assert_eq!(ready.expect(200), &json!({"status": "pass", "database": "pass", "index": "pass", "meaning": "off"}));
    assert_eq!(ready.header("content-type"), Some("application/health+json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_account_is_made_and_nothing_is_lost_when_the_program_is_killed() {
    let folder = open_folder();
    let first = add_user(folder.path(), None, "li");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let mut running = serve(folder.path(), None);
    let staff = sign_in(&running.client, "li").await;
    let id = staff.create("organisations", &enterprise("五金厂")).await;
    // An account can be made beside the running service, and only once.
    let beside = add_user(folder.path(), None, "wang");
    assert!(beside.status.success(), "{}", String::from_utf8_lossy(&beside.stderr));
    let again = add_user(folder.path(), None, "li");
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("taken"));
    // A second service on the folder is refused at once.
    let second = program(folder.path(), None, &["serve", "--listen", "127.0.0.1:0"]).output().expect("an end");
    assert!(!second.status.success() && String::from_utf8_lossy(&second.stderr).contains("in use"));
    running.kill();
    let mut running = serve(folder.path(), None);
    let staff = sign_in(&running.client, "wang").await;
    assert_eq!(staff.get(&format!("/v1/organisations/{id}")).await.expect(200)["name"], "五金厂");
    stop(&mut running.child);
}

/// Asks the program to stop and waits until it has, with all it started.
fn stop(child: &mut Child) {
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).expect("a signal");
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(40) {
        if let Some(status) = child.try_wait().expect("a status") {
            assert!(status.success(), "{status}");
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it did not stop");
}

#[tokio::test(flavor = "multi_thread")]
async fn news_come_again_after_their_connection_was_cut() {
    let database = Database::new(&new_database().await, 2).expect("a pool");
    let mut others = database.connection().await.expect("a connection");
    let [mut first, mut second] = notices::listen(&database, ["duijie_first", "duijie_second"]);
    let (an_hour, patience) = (Duration::from_hours(1), Duration::from_secs(20));
    let mut tell = async |statement: &str| others.batch_execute(statement).await.expect("done");
    for _ in 0..2 {
        // Whatever came before somebody listened counts as news.
        for news in [&mut first, &mut second] {
            timeout(patience, news.wait(an_hour)).await.expect("news");
        }
        tell("NOTIFY duijie_second").await;
        timeout(patience, second.wait(an_hour)).await.expect("news");
        timeout(Duration::from_millis(50), first.wait(an_hour)).await.expect_err("no news");
        tell("NOTIFY duijie_first; NOTIFY duijie_first, 'again'; NOTIFY duijie_second").await;
        timeout(patience, second.wait(an_hour)).await.expect("news");
        first.forget();
        timeout(Duration::from_millis(50), first.wait(an_hour)).await.expect_err("forgotten");
        tell(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE datname = current_database() AND query LIKE 'LISTEN%'",
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_beside_the_requests_takes_turns_on_clean_connections_and_never_waits_for_long() {
    const LOCK: i64 = 7;
    let url = new_database().await;
    let (database, other) = (Database::new(&url, 2).expect("a pool"), connect(&url).await);
    let held = async || {
        let free = other.query_one("SELECT pg_try_advisory_lock(7) AND pg_advisory_unlock(7)", &[]).await;
        !free.expect("a row").get::<_, bool>(0)
    };
    let mut one = database.worker_connection().await.expect("a connection");
    assert!(lock::try_hold(LOCK, &mut one).await.expect("a lock") && held().await);
    // As after an error: nothing is let go of.
    drop(one);
    let mut one = database.worker_connection().await.expect("a connection");
    assert!(!held().await);
    let two = database.worker_connection().await.expect("a second");
    let third = database.worker_connection();
    let mut third = std::pin::pin!(third);
    timeout(Duration::from_millis(50), &mut third).await.err().expect("a turn is waited for");
    let third = timeout(Duration::from_secs(20), third).await.expect("in time").expect("a third");
    one.keep();
    let fourth = timeout(Duration::from_secs(20), database.worker_connection()).await.expect("in time");
    drop((one, two, third, fourth.expect("a fourth")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_is_forgotten_and_what_is_new_is_kept() {
    let service = Service::start().await;
    let failures = "INSERT INTO sign_in_failures (guarded, failures, last_at)
        VALUES (sha256('old'), 1, now() - interval '25 hours'), (sha256('new'), 1, now() - interval '23 hours')";
    service.sql(failures).await.expect("failures");
    let service = service.restart().await;
    let left = "SELECT string_agg((guarded = sha256('new'))::text, ' ') FROM sign_in_failures";
    let started = Instant::now();
    while service.value(left).await != "true" {
        assert!(started.elapsed() < Duration::from_secs(20), "what is old is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn a_port_in_use_and_an_unknown_command_are_told_clearly() {
    let folder = open_folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let refused = program(folder.path(), None, &["serve", "--listen", &address]).output().expect("an end");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && told.contains("cannot listen on") && told.contains("--listen"), "{told}");
    assert!(!program(folder.path(), None, &["dance"]).output().expect("an end").status.success());
}

#[test]
fn recombining_goes_on_where_it_was_stopped() {
    let folder = open_folder();
    let recombine = |results: &str, experts: &str, seed: &str| {
        let arguments = ["recombine", "--results", results, "--experts", experts, "--demands", "20", "--seed", seed];
        program(folder.path(), None, &arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a start")
    };
    let told = |child: Child| {
        let ended = child.wait_with_output().expect("an end");
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).expect("text")
    };
    let first = told(recombine("30", "10", "1"));
    assert!(first.contains("成果 results: 新载入 loaded 30, 已有 there before 0"), "{first}");
    // Killed somewhere on its way.
    let mut cut_off = recombine("1000000", "10", "1");
    std::thread::sleep(Duration::from_secs(2));
    cut_off.kill().expect("a kill");
    cut_off.wait().expect("an end");
    told(recombine("5000", "12", "1"));
    let again = told(recombine("5000", "12", "1"));
    assert!(again.contains("成果 results: 新载入 loaded 0, 已有 there before 5000"), "{again}");
    assert!(again.contains("专家 experts: 新载入 loaded 0, 已有 there before 12"), "{again}");
    let other = told(recombine("5", "0", "2"));
    assert!(other.contains("成果 results: 新载入 loaded 5, 已有 there before 0"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_county_is_loaded_once_with_dockings_at_every_stage() {
    let service = Service::start().await;
    for _ in 0..2 {
        duijie::demo::load(&service.database).await.expect("samples");
    }
    let stages = "SELECT string_agg(DISTINCT stage, ' ' ORDER BY stage) FROM dockings";
    let every = "abandoned accepted completed contracted declined implementing negotiating requested";
    assert_eq!(service.value(stages).await, every);
    assert_eq!(service.value("SELECT count(*) FROM dockings").await, "10");
    let staff = json!({"login": "staff", "password": "duijie-staff"});
    let session = service.public().post("/v1/sessions", &staff).await;
    let staff = service.public().with_session(session.expect(201));
    assert_eq!(staff.get("/v1/dockings").await.ids().len(), 10);
    let statistics = staff.get("/v1/statistics").await;
    assert_eq!(statistics.expect(200)["items"][0]["contracted"], 3);
}

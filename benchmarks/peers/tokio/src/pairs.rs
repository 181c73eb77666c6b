// SPDX-License-Identifier: BSD-3-Clause
//! Two ends: round trips and one-way rate.

use std::process::{Command, Stdio};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::error::{TryRecvError, TrySendError};
use tokio::sync::{mpsc, oneshot};

use crate::{print_latency, print_rate, Body, WARM_UP};

const MAILBOX: usize = 1024;

struct Request {
    body: Body,
    reply: oneshot::Sender<Body>,
}

pub fn runtime(threads: usize) -> Runtime {
    let mut builder =
        if threads > 1 { Builder::new_multi_thread() } else { Builder::new_current_thread() };
    builder.worker_threads(threads).enable_io().build().expect("a runtime")
}

/// Asks a task behind a handle, and waits for its answer. Each has a runtime on a thread of its own:
/// on one runtime both would run on the same worker.
pub fn round_trips(count: usize) {
    let (handle, mut mailbox) = mpsc::channel::<Request>(MAILBOX);
    let mut samples = Vec::with_capacity(count);
    let server = std::thread::spawn(move || {
        runtime(1).block_on(async move {
            while let Some(request) = mailbox.recv().await {
                let _ = request.reply.send(request.body);
            }
        })
    });

    runtime(1).block_on(async {
        for number in 0..count + WARM_UP {
            let (reply, answer) = oneshot::channel();
            let body = [number as u64, 0, 0, 0];
            let sent = Instant::now();
            handle.send(Request { body, reply }).await.ok().expect("the task lives");
            assert_eq!(answer.await.expect("an answer"), body);
            if number >= WARM_UP {
                samples.push(sent.elapsed().as_nanos() as u64);
            }
        }
    });
    drop(handle);
    server.join().expect("the task ends");
    print_latency("rtt", "tokio parked", samples);
}

/// The CPUs that the process may use.
#[derive(Clone, Copy)]
struct Cpus(libc::cpu_set_t);

impl Cpus {
    fn read() -> Cpus {
        // SAFETY: a plain value of the size that it says; all zeroes is an empty set.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::sched_getaffinity(0, std::mem::size_of_val(&set), &mut set);
            Cpus(set)
        }
    }

    /// Keeps the calling thread on one of them, as lcores are kept.
    fn pin(&self, index: usize) {
        // SAFETY: as above, and the numbers are within the set.
        unsafe {
            let of_all = 0..libc::CPU_SETSIZE as usize;
            let cpus: Vec<usize> = of_all.filter(|&cpu| libc::CPU_ISSET(cpu, &self.0)).collect();
            let mut one: libc::cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(cpus[index % cpus.len()], &mut one);
            libc::sched_setaffinity(0, std::mem::size_of_val(&one), &one);
        }
    }
}

fn take_polled(mailbox: &mut mpsc::Receiver<Body>) -> Option<Body> {
    let mut spins = 0u32;

    loop {
        match mailbox.try_recv() {
            Ok(body) => return Some(body),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => spins += 1,
        }
        if spins % 20_000 == 0 {
            std::thread::yield_now(); // both may be on one CPU
        }
        std::hint::spin_loop();
    }
}

fn put_polled(handle: &mpsc::Sender<Body>, mut body: Body) {
    while let Err(error) = handle.try_send(body) {
        match error {
            TrySendError::Full(back) => body = back,
            TrySendError::Closed(_) => panic!("the other end lives"),
        }
        std::thread::yield_now();
    }
}

pub fn round_trips_polled(count: usize) {
    let (there, mut requests) = mpsc::channel::<Body>(MAILBOX);
    let (back, mut answers) = mpsc::channel::<Body>(MAILBOX);
    let mut samples = Vec::with_capacity(count);
    let cpus = Cpus::read();
    let echo = std::thread::spawn(move || {
        cpus.pin(1);
        while let Some(body) = take_polled(&mut requests) {
            put_polled(&back, body);
        }
    });

    cpus.pin(0);
    for number in 0..count + WARM_UP {
        let body = [number as u64, 0, 0, 0];
        let sent = Instant::now();
        put_polled(&there, body);
        assert_eq!(take_polled(&mut answers), Some(body));
        if number >= WARM_UP {
            samples.push(sent.elapsed().as_nanos() as u64);
        }
    }
    drop(there);
    echo.join().expect("the echo ends");
    print_latency("rtt", "tokio polled", samples);
}

pub fn rate(count: usize) {
    let (handle, mut mailbox) = mpsc::channel::<Body>(MAILBOX);
    let sink = std::thread::spawn(move || {
        runtime(1).block_on(async move {
            let mut received = 0;
            while let Some(body) = mailbox.recv().await {
                assert_eq!(body[0], received as u64);
                received += 1;
            }
            received
        })
    });
    let start = Instant::now();

    runtime(1).block_on(async move {
        for number in 0..count {
            handle.send([number as u64, 0, 0, 0]).await.expect("the sink lives");
        }
    });
    assert_eq!(sink.join().expect("the sink ends"), count);
    print_rate("rate", "tokio parked", count, start);
}

pub fn rate_polled(count: usize) {
    let (handle, mut mailbox) = mpsc::channel::<Body>(MAILBOX);
    let cpus = Cpus::read();
    let sink = std::thread::spawn(move || {
        let mut received = 0;
        cpus.pin(1);
        while let Some(body) = take_polled(&mut mailbox) {
            assert_eq!(body[0], received as u64);
            received += 1;
        }
        received
    });
    cpus.pin(0);
    let start = Instant::now();

    for number in 0..count {
        put_polled(&handle, [number as u64, 0, 0, 0]);
    }
    drop(handle);
    assert_eq!(sink.join().expect("the sink ends"), count);
    print_rate("rate", "tokio polled", count, start);
}

async fn echo_socket(path: &str) -> std::io::Result<()> {
    let mut stream = UnixStream::connect(path).await?;
    let mut body = [0u8; 32];

    while stream.read_exact(&mut body).await.is_ok() {
        stream.write_all(&body).await?;
    }
    Ok(())
}

/// Between processes tokio has the kernel's sockets. The other process is this program again.
pub fn round_trips_socket(count: usize) {
    let runtime = runtime(1);

    if let Ok(path) = std::env::var("PEER_SOCKET") {
        runtime.block_on(echo_socket(&path)).expect("the echo ends");
        return;
    }
    let path = format!("/tmp/mycelium-peer-{}.socket", std::process::id());
    let samples = runtime.block_on(async {
        let listener = UnixListener::bind(&path).expect("a socket");
        let mut child = Command::new(std::env::current_exe().expect("our path"))
            .args(["rtt-process", "1"])
            .env("PEER_SOCKET", &path)
            .stdout(Stdio::null())
            .spawn()
            .expect("a process");
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut samples = Vec::with_capacity(count);
        for number in 0..count + WARM_UP {
            let mut body = [number as u8; 32];
            let sent = Instant::now();
            stream.write_all(&body).await.expect("written");
            stream.read_exact(&mut body).await.expect("read");
            assert_eq!(body, [number as u8; 32]);
            if number >= WARM_UP {
                samples.push(sent.elapsed().as_nanos() as u64);
            }
        }
        drop(stream);
        child.wait().expect("it ends");
        samples
    });
    let _ = std::fs::remove_file(&path);
    print_latency("rtt-process", "tokio Unix socket", samples);
}

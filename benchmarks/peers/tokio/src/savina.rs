// SPDX-License-Identifier: BSD-3-Clause
//! The Savina benchmarks whose actors talk in a line or a ring; sizes as in ../../../savina.h.
//!
//! Each answers with the operations that it did, having checked its own result.

use std::time::Instant;

use tokio::sync::mpsc;

use crate::{pairs, print_rate, savina_many, Body};

pub const MAILBOX: usize = 1024;

const FORK_JOIN_ACTORS: usize = 60;
const RING_ACTORS: usize = 100;

/// Runs one; false: there is no such question.
pub fn run(question: &str, count: usize, threads: usize) -> bool {
    let runtime = pairs::runtime(threads);
    let name = question["savina-".len()..].to_owned();
    let start = Instant::now();
    // A task of its own, for the thread that waits is none of those that were asked for.
    let driver = runtime.spawn(async move {
        match name.as_str() {
            "ping-pong" => ping_pong(count).await,
            "counting" => counting(count).await,
            "fork-join" => fork_join(count).await,
            "fork-join-create" => fork_join_create(count).await,
            "thread-ring" => thread_ring(count).await,
            "big" => savina_many::big(count).await,
            "chameneos" => savina_many::chameneos(count).await,
            "bounded-buffer" => savina_many::bounded_buffer(count).await,
            "banking" => savina_many::banking(count).await,
            _ => 0,
        }
    });
    let done = runtime.block_on(driver).expect("a right result");
    let who = format!("tokio, {threads} thread{}", if threads > 1 { "s" } else { "" });

    if done > 0 {
        print_rate(question, &who, done, start);
    }
    done > 0
}

async fn ping_pong(count: usize) -> usize {
    let (there, mut pings) = mpsc::channel::<Body>(MAILBOX);
    let (back, mut pongs) = mpsc::channel::<Body>(MAILBOX);

    tokio::spawn(async move {
        while let Some(ping) = pings.recv().await {
            if back.send(ping).await.is_err() {
                break;
            }
        }
    });
    for number in 0..count {
        there.send([number as u64, 0, 0, 0]).await.expect("pong lives");
        assert_eq!(pongs.recv().await.expect("a pong")[0], number as u64);
    }
    count
}

async fn counting(count: usize) -> usize {
    let (handle, mut mailbox) = mpsc::channel::<Body>(MAILBOX);
    let counter = tokio::spawn(async move {
        let mut total = 0;
        while mailbox.recv().await.is_some() {
            total += 1;
        }
        total
    });

    for number in 0..count {
        handle.send([number as u64, 0, 0, 0]).await.expect("the counter lives");
    }
    drop(handle);
    let total: usize = counter.await.expect("the counter ends");
    assert_eq!(total, count);
    count
}

async fn fork_join(count: usize) -> usize {
    let each = (count / FORK_JOIN_ACTORS).max(1);
    let mut handles = Vec::new();
    let mut workers = Vec::new();

    for _ in 0..FORK_JOIN_ACTORS {
        let (handle, mut mailbox) = mpsc::channel::<Body>(MAILBOX);
        handles.push(handle);
        workers.push(tokio::spawn(async move {
            let mut received = 0;
            while received < each && mailbox.recv().await.is_some() {
                received += 1;
            }
            received
        }));
    }
    for number in 0..each {
        for handle in &handles {
            handle.send([number as u64, 0, 0, 0]).await.expect("a worker lives");
        }
    }
    let mut total = 0;
    for worker in workers {
        total += worker.await.expect("a worker ends");
    }
    assert_eq!(total, each * FORK_JOIN_ACTORS);
    total
}

/// 64 at once, as with ours: each gets one message, and ends.
async fn fork_join_create(count: usize) -> usize {
    const AT_ONCE: usize = 64;
    let mut ended = 0;

    while ended < count {
        let mut workers = Vec::with_capacity(AT_ONCE);
        for _ in 0..AT_ONCE.min(count - ended) {
            let (handle, mut mailbox) = mpsc::channel::<Body>(1);
            workers.push(tokio::spawn(async move { mailbox.recv().await.is_some() }));
            handle.send([0; 4]).await.expect("a worker lives");
        }
        for worker in workers {
            assert!(worker.await.expect("a worker ends"));
            ended += 1;
        }
    }
    ended
}

/// A token of `hops` goes around until none is left.
async fn thread_ring(hops: usize) -> usize {
    let (done, mut ended) = mpsc::channel::<usize>(1);
    let mut handles = Vec::new();
    let mut mailboxes = Vec::new();

    for _ in 0..RING_ACTORS {
        let (handle, mailbox) = mpsc::channel::<Body>(MAILBOX);
        handles.push(handle);
        mailboxes.push(mailbox);
    }
    for (place, mut mailbox) in mailboxes.into_iter().enumerate() {
        let next = handles[(place + 1) % RING_ACTORS].clone();
        let done = done.clone();
        tokio::spawn(async move {
            while let Some(mut token) = mailbox.recv().await {
                if token[0] == 0 {
                    let _ = done.send(place).await;
                    break;
                }
                token[0] -= 1;
                let _ = next.send(token).await;
            }
        });
    }
    handles[0].send([hops as u64, 0, 0, 0]).await.expect("the ring lives");
    assert_eq!(ended.recv().await.expect("the token's end"), hops % RING_ACTORS);
    hops
}

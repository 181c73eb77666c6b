// SPDX-License-Identifier: BSD-3-Clause
//! The Savina benchmarks whose actors talk to many others.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::savina::MAILBOX;
use crate::Body;

const BIG_ACTORS: usize = 120;
const CHAMENEOS: usize = 100;
const SIDE_ACTORS: usize = 40;
const BUFFER_PLACES: usize = 50;
const ACCOUNTS: usize = 1000;
const WINDOW: usize = 256;
const BALANCE: i64 = 1_000_000;

/// A generator of our own, the same in every peer.
fn next_random(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 33) as usize
}

enum Big {
    Ping(usize, Body),
    Pong(Body),
}

/// Each sends pings to others at random, one after the other has been answered.
pub async fn big(count: usize) -> usize {
    let each = (count / BIG_ACTORS).max(1);
    let (done, mut ended) = mpsc::channel::<usize>(BIG_ACTORS);
    let (handles, mailboxes): (Vec<_>, Vec<_>) =
        (0..BIG_ACTORS).map(|_| mpsc::channel::<Big>(MAILBOX)).unzip();
    let handles = Arc::new(handles);

    for (place, mut mailbox) in mailboxes.into_iter().enumerate() {
        let (others, done) = (Arc::clone(&handles), done.clone());
        tokio::spawn(async move {
            let mut random = place as u64 + 1;
            let mut answered = 0;
            let first = next_random(&mut random) % BIG_ACTORS;
            let _ = others[first].send(Big::Ping(place, [0; 4])).await;
            while let Some(message) = mailbox.recv().await {
                match message {
                    Big::Ping(from, body) => {
                        let _ = others[from].send(Big::Pong(body)).await;
                    }
                    Big::Pong(body) => {
                        assert_eq!(body, [0; 4]);
                        answered += 1;
                        if answered == each {
                            let _ = done.send(answered).await;
                        } else {
                            let to = next_random(&mut random) % BIG_ACTORS;
                            let _ = others[to].send(Big::Ping(place, [0; 4])).await;
                        }
                    }
                }
            }
        });
    }
    let mut total = 0;
    for _ in 0..BIG_ACTORS {
        total += ended.recv().await.expect("an actor ends");
    }
    assert_eq!(total, each * BIG_ACTORS);
    total
}

fn complement(mine: u64, other: u64) -> u64 {
    if mine == other {
        mine
    } else {
        3 - mine - other
    }
}

enum Meet {
    With(usize, u64),
    Change(u64),
    Over,
}

/// The mall pairs who comes; of each pair the first tells the second its new colour.
pub async fn chameneos(meetings: usize) -> usize {
    let (mall, mut visitors) = mpsc::channel::<(usize, u64)>(MAILBOX);
    let (done, mut ended) = mpsc::channel::<usize>(CHAMENEOS);
    let (handles, mailboxes): (Vec<_>, Vec<_>) =
        (0..CHAMENEOS).map(|_| mpsc::channel::<Meet>(MAILBOX)).unzip();
    let handles = Arc::new(handles);

    for (place, mut mailbox) in mailboxes.into_iter().enumerate() {
        let (mall, others, done) = (mall.clone(), Arc::clone(&handles), done.clone());
        tokio::spawn(async move {
            let mut colour = (place % 3) as u64;
            let mut met = 0;
            let _ = mall.send((place, colour)).await;
            while let Some(message) = mailbox.recv().await {
                match message {
                    Meet::With(other, theirs) => {
                        colour = complement(colour, theirs);
                        let _ = others[other].send(Meet::Change(colour)).await;
                    }
                    Meet::Change(new) => colour = new,
                    Meet::Over => break,
                }
                met += 1;
                let _ = mall.send((place, colour)).await;
            }
            let _ = done.send(met).await;
        });
    }
    let mut waiting = None;
    let (mut held, mut over) = (0, 0);
    while over < CHAMENEOS {
        let (place, colour) = visitors.recv().await.expect("a visitor");
        if held == meetings {
            let _ = handles[place].send(Meet::Over).await;
            over += 1;
        } else if let Some(first) = waiting.take() {
            let first: usize = first;
            let _ = handles[first].send(Meet::With(place, colour)).await;
            held += 1;
        } else {
            waiting = Some(place);
        }
        // With the last meeting nobody waits, for they are an even number and each comes back.
    }
    let mut total = 0;
    for _ in 0..CHAMENEOS {
        total += ended.recv().await.expect("one ends");
    }
    assert_eq!(total, 2 * meetings);
    meetings
}

enum Buffer {
    Item(usize, Body),
    Ready(usize),
}

/// A manager keeps at most 50 items; it asks producers for more, and gives to who is ready.
pub async fn bounded_buffer(count: usize) -> usize {
    let each = (count / SIDE_ACTORS).max(1);
    let (manager, mut mailbox) = mpsc::channel::<Buffer>(MAILBOX);
    let mut producers = Vec::new();
    let mut consumers = Vec::new();

    for place in 0..SIDE_ACTORS {
        let (handle, mut asked) = mpsc::channel::<()>(MAILBOX);
        let manager = manager.clone();
        producers.push(handle);
        tokio::spawn(async move {
            for _ in 0..each {
                if asked.recv().await.is_none() {
                    break;
                }
                let _ = manager.send(Buffer::Item(place, [0; 4])).await;
            }
        });
    }
    for place in 0..SIDE_ACTORS {
        let (handle, mut items) = mpsc::channel::<Body>(MAILBOX);
        let manager = manager.clone();
        consumers.push((
            handle,
            tokio::spawn(async move {
                let mut consumed = 0;
                let _ = manager.send(Buffer::Ready(place)).await;
                while items.recv().await.is_some() {
                    consumed += 1;
                    let _ = manager.send(Buffer::Ready(place)).await;
                }
                consumed
            }),
        ));
    }
    drop(manager);
    manage(each, &mut mailbox, &producers, &consumers).await;
    let mut total = 0;
    for (handle, consumer) in consumers {
        drop(handle);
        total += consumer.await.expect("a consumer ends");
    }
    assert_eq!(total, each * SIDE_ACTORS);
    total
}

type Consumer = (mpsc::Sender<Body>, tokio::task::JoinHandle<usize>);

async fn manage(
    each: usize,
    mailbox: &mut mpsc::Receiver<Buffer>,
    producers: &[mpsc::Sender<()>],
    consumers: &[Consumer],
) {
    let mut left = vec![each; SIDE_ACTORS];
    let mut idle: VecDeque<usize> = (0..SIDE_ACTORS).collect();
    let mut ready = VecDeque::new();
    let mut items = VecDeque::new();
    let (mut asked, mut given) = (0, 0);

    while given < each * SIDE_ACTORS {
        while items.len() + asked < BUFFER_PLACES && !idle.is_empty() {
            let place = idle.pop_front().expect("an idle producer");
            let _ = producers[place].send(()).await;
            left[place] -= 1;
            asked += 1;
        }
        match mailbox.recv().await.expect("a message") {
            Buffer::Item(place, body) => {
                asked -= 1;
                items.push_back(body);
                if left[place] > 0 {
                    idle.push_back(place);
                }
            }
            Buffer::Ready(place) => ready.push_back(place),
        }
        while !items.is_empty() && !ready.is_empty() {
            let place: usize = ready.pop_front().expect("a consumer");
            let body = items.pop_front().expect("an item");
            let _ = consumers[place].0.send(body).await;
            given += 1;
        }
    }
}

enum Account {
    Transfer(usize, i64),
    Debit(usize, i64),
    Debited,
    End,
}

/// What is for later while a transfer waits for its other account.
async fn keep_account(
    place: usize,
    mut mailbox: mpsc::Receiver<Account>,
    others: Arc<Vec<mpsc::Sender<Account>>>,
    teller: mpsc::Sender<()>,
) -> i64 {
    let mut balance = BALANCE;
    let mut later = VecDeque::new();
    let mut is_waiting = false;

    loop {
        let next = if is_waiting { None } else { later.pop_front() };
        let message = match next {
            Some(message) => message,
            None => mailbox.recv().await.expect("a message"),
        };
        match message {
            Account::Transfer(..) | Account::End if is_waiting => later.push_back(message),
            Account::Transfer(to, amount) => {
                balance -= amount;
                is_waiting = true;
                let _ = others[to].send(Account::Debit(place, amount)).await;
            }
            Account::Debit(from, amount) => {
                balance += amount;
                let _ = others[from].send(Account::Debited).await;
            }
            Account::Debited => {
                is_waiting = false;
                let _ = teller.send(()).await;
            }
            Account::End => return balance,
        }
    }
}

/// The teller has 256 transfers under way; each waits in its account for the other account.
pub async fn banking(count: usize) -> usize {
    let (teller, mut ended) = mpsc::channel::<()>(MAILBOX);
    let (handles, mailboxes): (Vec<_>, Vec<_>) =
        (0..ACCOUNTS).map(|_| mpsc::channel::<Account>(MAILBOX)).unzip();
    let handles = Arc::new(handles);
    let mut accounts = Vec::new();
    let mut random = 1;

    for (place, mailbox) in mailboxes.into_iter().enumerate() {
        let task = keep_account(place, mailbox, Arc::clone(&handles), teller.clone());
        accounts.push(tokio::spawn(task));
    }
    for started in 0..count + WINDOW {
        if started >= WINDOW.min(count) && started < count + WINDOW.min(count) {
            ended.recv().await.expect("a transfer ends");
        }
        if started < count {
            let from = next_random(&mut random) % ACCOUNTS;
            let to = (from + 1 + next_random(&mut random) % (ACCOUNTS - 1)) % ACCOUNTS;
            let amount = (next_random(&mut random) % 100) as i64;
            let _ = handles[from].send(Account::Transfer(to, amount)).await;
        }
    }
    let mut total = 0;
    for handle in handles.iter() {
        let _ = handle.send(Account::End).await;
    }
    for account in accounts {
        total += account.await.expect("an account ends");
    }
    assert_eq!(total, BALANCE * ACCOUNTS as i64);
    count
}

// SPDX-License-Identifier: BSD-3-Clause
//! tokio: what a user would otherwise write, a task behind an mpsc handle.
//!
//! Run as `peer QUESTION COUNT [THREADS]`; see ../peer.h for what it prints. `parked`: tasks on
//! runtimes that sleep when there is nothing to do. `polled`: the same channels, with both ends
//! spinning on try_recv in threads of their own, as our lcores do.

mod pairs;
mod savina;
mod savina_many;

use std::time::Instant;

pub const WARM_UP: usize = 1000;

/// 32 bytes, as the bodies of the other benchmarks.
pub type Body = [u64; 4];

fn percentile(sorted: &[u64], part: f64) -> u64 {
    let rank = (sorted.len() as f64 * part) as usize;
    sorted[rank.min(sorted.len() - 1)]
}

pub fn print_latency(question: &str, who: &str, mut samples: Vec<u64>) {
    samples.sort_unstable();
    println!(
        "{{\"question\":\"{question}\",\"who\":\"{who}\",\"count\":{},\"p50_ns\":{},\
         \"p99_ns\":{},\"p999_ns\":{},\"max_ns\":{}}}",
        samples.len(),
        percentile(&samples, 0.5),
        percentile(&samples, 0.99),
        percentile(&samples, 0.999),
        samples[samples.len() - 1]
    );
}

pub fn print_rate(question: &str, who: &str, count: usize, start: Instant) {
    let per_s = count as f64 / start.elapsed().as_secs_f64();
    println!(
        "{{\"question\":\"{question}\",\"who\":\"{who}\",\"count\":{count},\"per_s\":{per_s:.1}}}"
    );
}

fn usage() -> ! {
    eprintln!("usage: peer QUESTION COUNT [THREADS]; it does not know this question");
    std::process::exit(2)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse::<usize>().ok());
    let (question, count) = match (arguments.get(1), number(2)) {
        (Some(question), Some(count)) if count > 0 => (question.as_str(), count),
        _ => usage(),
    };
    let threads = number(3).unwrap_or(2);

    match question {
        "rtt" => {
            pairs::round_trips(count);
            pairs::round_trips_polled(count);
        }
        "rate" => {
            pairs::rate(count);
            pairs::rate_polled(count);
        }
        "rtt-process" => pairs::round_trips_socket(count),
        _ if question.starts_with("savina-") => {
            if !savina::run(question, count, threads) {
                usage()
            }
        }
        _ => usage(),
    }
}

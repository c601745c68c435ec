//! What a load takes in machines, from measured costs: a queue with several servers (M/G/c, first come first served) is simulated, from a seed, and the busiest share of a machine
//! is looked for at which answers still come in time.
//!
//! `cargo run --release --example capacity -- messages=1e11 http_us=25 cores=16`. `src/adapter/deploy/CAPACITY.md` says what comes of it, and what it leaves out.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::Write as _;

/// What is known, or asked for. Each may be given as `name=value`.
struct Inputs {
    /// Messages a day.
    messages: f64,
    /// How much more than the mean the busiest minute has.
    peak: f64,
    /// Microseconds of a core for the screening of a usual message: `cargo bench --bench scan`.
    screen_us: f64,
    /// And for its way over HTTP, both directions: `TIDEGATE_LOAD=1 cargo test --release --test serve load`.
    http_us: f64,
    /// Of so many messages one is long, and costs a hundred times the screening.
    long_in: f64,
    /// Cores of a machine.
    cores: f64,
    /// Part of the machines that may be missing: one of three places, say.
    spare: f64,
    /// Milliseconds in which all but one in a thousand are to be answered, the network apart.
    within_ms: f64,
    /// The busiest that cores may be in any case: what else runs, and what is not simulated, needs the rest.
    most_busy: f64,
    /// Bytes of a request and its answer, heads and all.
    wire_bytes: f64,
    /// Tenants, and bytes of memory for each, of those that a machine holds.
    tenants: f64,
    tenant_bytes: f64,
    /// The price of a core for an hour.
    core_hour: f64,
}

impl Inputs {
    fn read(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut inputs = Self {
            messages: 1e11,
            peak: 3.0,
            screen_us: 3.3,
            http_us: 25.0,
            long_in: 1_000.0,
            cores: 16.0,
            spare: 1.0 / 3.0,
            within_ms: 5.0,
            most_busy: 0.6,
            wire_bytes: 1_000.0,
            tenants: 10_000.0,
            tenant_bytes: 50_000.0,
            core_hour: 0.04,
        };
        for arg in args {
            let (name, value) = arg.split_once('=').ok_or("write name=value")?;
            let value: f64 = value
                .parse()
                .map_err(|_| format!("`{value}` is no number"))?;
            let place = match name {
                "messages" => &mut inputs.messages,
                "peak" => &mut inputs.peak,
                "screen_us" => &mut inputs.screen_us,
                "http_us" => &mut inputs.http_us,
                "long_in" => &mut inputs.long_in,
                "cores" => &mut inputs.cores,
                "spare" => &mut inputs.spare,
                "most_busy" => &mut inputs.most_busy,
                "within_ms" => &mut inputs.within_ms,
                "wire_bytes" => &mut inputs.wire_bytes,
                "tenants" => &mut inputs.tenants,
                "tenant_bytes" => &mut inputs.tenant_bytes,
                "core_hour" => &mut inputs.core_hour,
                _ => return Err(format!("`{name}` is none of the inputs")),
            };
            *place = value;
        }
        Ok(inputs)
    }

    /// Microseconds of a core for a message, one way of serving or the other.
    fn service(&self, http: bool, random: f64) -> f64 {
        let screen = if random * self.long_in < 1.0 {
            100.0 * self.screen_us
        } else {
            self.screen_us
        };
        screen + if http { self.http_us } else { 0.0 }
    }

    fn mean(&self, http: bool) -> f64 {
        let long = 1.0 / self.long_in;
        self.screen_us * (1.0 + 99.0 * long) + if http { self.http_us } else { 0.0 }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014), between 0 and 1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Messages that are simulated for one share.
const SIMULATED: usize = 300_000;

/// Microseconds within which all but one in a thousand are answered, on a machine whose cores are busy for that share of the time.
fn answered_within(inputs: &Inputs, http: bool, busy: f64) -> f64 {
    let mut random = Random(7);
    let gap = inputs.mean(http) / (inputs.cores * busy);
    let mut free: BinaryHeap<Reverse<u64>> =
        (0..inputs.cores as usize).map(|_| Reverse(0)).collect();
    let mut at = 0.0;
    let mut times: Vec<u64> = Vec::with_capacity(SIMULATED);
    for _ in 0..SIMULATED {
        at -= gap * (1.0 - random.next()).ln();
        // In nanoseconds, which are ordered.
        let came = (at * 1e3) as u64;
        let Some(Reverse(core)) = free.pop() else {
            break;
        };
        let done = core.max(came) + (inputs.service(http, random.next()) * 1e3) as u64;
        free.push(Reverse(done));
        times.push(done - came);
    }
    times.sort_unstable();
    let place = times.len().saturating_sub(1) * 999 / 1_000;
    times.get(place).copied().unwrap_or(0) as f64 / 1e3
}

/// The busiest share, by hundredths, at which answers come in time.
fn busiest(inputs: &Inputs, http: bool) -> Option<f64> {
    (1..=95)
        .rev()
        .map(|share| f64::from(share) / 100.0)
        .filter(|share| *share <= inputs.most_busy)
        .find(|busy| answered_within(inputs, http, *busy) <= inputs.within_ms * 1e3)
}

fn report(inputs: &Inputs, out: &mut impl std::io::Write) -> std::io::Result<()> {
    let mean = inputs.messages / 86_400.0;
    let peak = mean * inputs.peak;
    writeln!(
        out,
        "{:.3e} messages a day are {mean:.0} a second, {peak:.0} in the busiest minute.",
        inputs.messages
    )?;
    for (name, http) in [
        ("embedded in the server", false),
        ("`tidegate serve` over HTTP", true),
    ] {
        let Some(busy) = busiest(inputs, http) else {
            writeln!(
                out,
                "{name}: a single message takes longer than {} ms",
                inputs.within_ms
            )?;
            continue;
        };
        let of_one = busy * inputs.cores / inputs.mean(http) * 1e6;
        let machines = (peak / of_one / (1.0 - inputs.spare)).ceil();
        let wire = if http {
            of_one * inputs.wire_bytes * 8.0 / 1e9
        } else {
            0.0
        };
        let memory = inputs.tenants * inputs.tenant_bytes / 1e9;
        let money = machines * inputs.cores * inputs.core_hour * 24.0;
        writeln!(
            out,
            "{name}: {:.1} µs of a core a message; cores busy for {:.0}% of the time answer all but one in a thousand within {:.2} ms\n  \
             {of_one:.0} messages a second a machine; {machines:.0} machines of {:.0} cores, {:.0} cores in all; {money:.0} a day\n  \
             {wire:.2} Gbit/s and {memory:.1} GB of tenants' rules a machine",
            inputs.mean(http),
            busy * 100.0,
            answered_within(inputs, http, busy) / 1e3,
            inputs.cores,
            machines * inputs.cores,
        )?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let inputs = Inputs::read(std::env::args().skip(1))?;
    let mut out = std::io::stdout().lock();
    report(&inputs, &mut out)?;
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(args: &[&str]) -> Inputs {
        Inputs::read(args.iter().map(|arg| (*arg).to_owned())).expect("they are good")
    }

    /// Pollaczek and Khinchine: with one server and equal times, the mean wait at half its capacity is half a service time. Here the whole distribution is simulated, and the same bound
    /// holds its tail: answers take at least a service time, and grow with the share.
    #[test]
    fn the_busier_the_later() {
        let one = inputs(&["cores=1", "long_in=1e12", "http_us=97", "screen_us=3"]);
        let times: Vec<f64> = [0.1, 0.5, 0.9]
            .map(|busy| answered_within(&one, true, busy))
            .to_vec();
        assert!(
            times[0] >= 100.0 && times[0] < times[1] && times[1] < times[2],
            "{times:?}"
        );
        // M/D/1 at 0.5: P(wait > 5.5 services) is about one in a thousand.
        assert!((400.0..900.0).contains(&times[1]), "{times:?}");
        // Many servers help each other.
        let many = inputs(&["cores=16", "long_in=1e12", "http_us=97", "screen_us=3"]);
        assert!(answered_within(&many, true, 0.5) < times[1]);
    }

    #[test]
    fn the_answer_is_the_same_twice() {
        let given = inputs(&["messages=1e9"]);
        let text = || {
            let mut out = Vec::new();
            report(&given, &mut out).expect("a vector takes it");
            String::from_utf8(out).expect("it is text")
        };
        assert_eq!(text(), text());
        assert!(
            text().contains("11574 a second, 34722 in the busiest minute"),
            "{}",
            text()
        );
        assert!(Inputs::read(["cost=1".to_owned()].into_iter()).is_err());
    }
}

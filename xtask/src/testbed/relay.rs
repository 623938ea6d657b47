//! A long line: a relay that hands on every byte after a while.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Pieces that are on their way at most: more than any window lets through.
const ON_THE_WAY: usize = 4096;

/// Listens on the loopback address and connects whoever comes to `target`; each byte takes `delay` in either direction.
/// Gives the address. It goes on until this process ends.
///
/// # Errors
/// When nothing can listen.
pub(crate) fn start(target: SocketAddr, delay: Duration) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for near in listener.incoming().flatten() {
            // A line that does not come about is a connection that is closed at once.
            let _ = connect(&near, target, delay);
        }
    });
    Ok(address)
}

fn connect(near: &TcpStream, target: SocketAddr, delay: Duration) -> std::io::Result<()> {
    let far = TcpStream::connect(target)?;
    for side in [near, &far] {
        side.set_nodelay(true)?;
    }
    direction(near.try_clone()?, far.try_clone()?, delay);
    direction(far, near.try_clone()?, delay);
    Ok(())
}

type Piece = (Instant, Vec<u8>);

fn direction(from: TcpStream, to: TcpStream, delay: Duration) {
    let (sender, receiver) = mpsc::sync_channel(ON_THE_WAY);
    thread::spawn(move || read(from, &sender, delay));
    thread::spawn(move || write(to, &receiver));
}

fn read(mut from: TcpStream, pieces: &SyncSender<Piece>, delay: Duration) {
    let mut buffer = vec![0; PIECE];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                let piece = (Instant::now() + delay, buffer[..read].to_vec());
                if pieces.send(piece).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn write(mut to: TcpStream, pieces: &Receiver<Piece>) {
    for (due, bytes) in pieces {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    // Who reads on the other side is told; the other direction has an end of its own.
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_takes_its_time_and_none_is_lost() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let delay = Duration::from_millis(30);
        let address = start(listener.local_addr().unwrap(), delay).unwrap();
        let sent = vec![7; 3 * PIECE];
        let echo = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut received = Vec::new();
            socket.read_to_end(&mut received).unwrap();
            socket.write_all(&received).unwrap();
        });
        let started = Instant::now();
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(&sent).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert_eq!(received, sent);
        assert!(started.elapsed() >= 2 * delay);
        echo.join().unwrap();
    }
}

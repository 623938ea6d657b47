//! `reelgate up --lan`: the player page for a phone on the same network.

use super::secret;
use crate::exit::{Failure, Kind};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};

/// Of the documentation (RFC 5737): a way to it is asked for, and nothing is sent.
const FAR_AWAY: (Ipv4Addr, u16) = (Ipv4Addr::new(192, 0, 2, 1), 9);

/// This machine's address on the network by which it reaches others.
///
/// # Errors
/// That it has none.
pub(super) fn address() -> Result<IpAddr, Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0));
    let address = socket.and_then(|socket| {
        socket.connect(FAR_AWAY)?;
        Ok(socket.local_addr()?.ip())
    });
    match address {
        Ok(address) if !address.is_unspecified() && !address.is_loopback() => Ok(address),
        _ => Err(Failure::new(Kind::Failed, "this machine is on no network")
            .with_help("join one, or leave out --lan")),
    }
}

/// A folder that nobody guesses: whoever has the page's address may watch.
///
/// # Errors
/// That the system has no random numbers.
pub(super) fn folder() -> Result<String, Failure> {
    let key = secret()?;
    Ok(format!("/{}/", &key[..16]))
}

/// The page's address as a picture for a camera, and what to beware of.
///
/// # Errors
/// That the address is too long for one.
pub(super) fn invitation(page: &str) -> Result<String, Failure> {
    let code = QrCode::new(page).map_err(|error| Failure::new(Kind::Failed, error))?;
    let picture = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Ok(format!(
        "On a phone in the same network:\n\n{picture}\n\n\
         Whoever has this picture can watch until you stop, and plain HTTP can be read on its way:\n\
         for networks that you trust, and films that are not secret.\n\n"
    ))
}

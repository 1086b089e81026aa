//! Reads the body of a request.

use std::pin::{Pin, pin};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

use crate::refusal::Refusal;
use crate::slots::{Slots, Taken};

/// Reads at most so many bytes. Most bodies come in one piece, which is not copied and
/// takes no room: it is in memory already. The others take room as they come, so that
/// one that is announced and does not come takes it from nobody.
pub(crate) async fn read<B: Body<Data = Bytes>>(
    body: B,
    most: usize,
    room: &Arc<Slots>,
) -> Result<(Bytes, Option<Taken>), Refusal> {
    let mut body = pin!(body);
    let Some(first) = piece(body.as_mut()).await? else {
        return Ok((Bytes::new(), None));
    };
    if first.len() > most {
        return Err(Refusal::BodyTooLarge);
    }
    if body.is_end_stream() {
        return Ok((first, None));
    }
    let mut taken = room.take(first.len()).ok_or(Refusal::Busy)?;
    let mut whole = BytesMut::from(first);
    while let Some(piece) = piece(body.as_mut()).await? {
        if piece.len() > most - whole.len() {
            return Err(Refusal::BodyTooLarge);
        }
        taken.take(piece.len()).ok_or(Refusal::Busy)?;
        whole.extend_from_slice(&piece);
    }
    Ok((whole.freeze(), Some(taken)))
}

/// The next piece of a body that has something in it; none after the last.
async fn piece<B: Body<Data = Bytes>>(mut body: Pin<&mut B>) -> Result<Option<Bytes>, Refusal> {
    while let Some(frame) = body.as_mut().frame().await {
        let frame = frame.map_err(|_| Refusal::BodyBroken)?;
        match frame.into_data() {
            Ok(piece) if !piece.is_empty() => return Ok(Some(piece)),
            // Trailers have no place in a call.
            _ => {}
        }
    }
    Ok(None)
}

"""Frames of videos."""

from typing import IO

from PIL import Image

from coco_dagster.report.pictures.finding import UnreadablePictureError


def read_frame(stream: IO[bytes], number: int) -> Image.Image:
    """A frame of a video.

    Decodes from the key frame before it; frames are told apart by their times, so that a video of
    constant frame rate gives the very frame.

    Args:
        stream: the file, which can seek.
        number: number of the frame, from 0.

    Raises:
        UnreadablePictureError: PyAV is not installed, or the video has no such frame.
    """
    try:
        import av
    except ImportError:
        raise UnreadablePictureError(
            "frames of videos need PyAV: install coco-dagster[pictures]"
        ) from None
    try:
        with av.open(stream, "r") as container:
            track = container.streams.video[0]
            rate, base = track.average_rate, track.time_base
            if rate is None or base is None:
                raise UnreadablePictureError("its frame rate is not known")
            start = track.start_time or 0
            wanted = start + round(number / rate / base)
            half_a_frame = 1 / rate / base / 2
            container.seek(wanted, stream=track)
            for frame in container.decode(track):
                if frame.pts is not None and frame.pts >= wanted - half_a_frame:
                    return Image.fromarray(frame.to_ndarray(format="rgb24"))
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise UnreadablePictureError(f"its frames cannot be decoded ({error})") from None
    raise UnreadablePictureError(f"it has no frame {number}")

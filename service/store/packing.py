"""Small on disk: texts compressed against what most of them share."""

import zlib

_LEVEL = 3
_WINDOW = 32_768
"""What zlib can look back on, in bytes; of a longer dictionary only the end counts."""

_GENERAL = (
    b'"metadata":{},"passages":[],"warnings":[],"error":null,"rubric":null,"reference":null,"question":null,'
    b'"source":{"file":"","line":null,"speaker":null,"turns":[],"question":null,"similarity":null},"answer":"'
    b"I would start with because it is the that we have and when the model does not to be of a for in on with this "
    b"would only if there are not then you can use them or from their should have been which data answer question "
)


def pack(content: bytes, dictionary: bytes = _GENERAL) -> bytes:
    """Compress against a dictionary, which `unpack` needs again."""
    packer = zlib.compressobj(_LEVEL, zdict=dictionary[-_WINDOW:])
    return packer.compress(content) + packer.flush()


def unpack(packed: bytes, dictionary: bytes = _GENERAL) -> bytes:
    """What was packed.

    Raises:
        zlib.error: it was packed against another dictionary, or is damaged.
    """
    unpacker = zlib.decompressobj(zdict=dictionary[-_WINDOW:])
    content = unpacker.decompress(packed) + unpacker.flush()
    if not unpacker.eof:
        raise zlib.error("it was cut short")
    return content

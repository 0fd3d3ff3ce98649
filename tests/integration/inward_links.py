"""What strangers write to get inside: spellings of an inner address, and pages that send whoever reads them there."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SPELLINGS = (
    *("127.0.0.1", "127.1", "127.0.1", "127.8.8.8", "127.255.255.254", "localhost", "LocalHost"),
    *("2130706433", "017700000001", "0x7f000001", "0X7F000001", "0x7f.1", "0x7f.0.0.1", "0x0000007f.1"),
    *("0177.0.0.1", "0177.0x0.1", "00000177.0.0.1", "127.0.0.0x1"),
    *("0", "0.0.0.0", "0x0", "00.0"),  # noqa: S104  # an address to refuse, not to listen on
    *("[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::]"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::FFFF:7f00:0001]"),
    *("user:secret@127.0.0.1", "youtube.com@127.0.0.1", "www.youtube.com:443@127.0.0.1"),
    *("a%40b:c%2F@127.0.0.1", "@127.1"),
    *("①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "１２７.0.0.1", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ"),
)
"""Hosts of a link, with what may stand before them; each leads to this machine."""

ESCAPED = ("loca\u00adlhost", "%31%32%37.0.0.1")
"""The same, with signs that yt-dlp's libraries take out, and aiohttp does not."""

ABSOLUTE = ("localhost.", "127.0.0.1.", "127.1.", "0x7f000001.")
"""The same, for resolvers and libraries that take the dot for the end of a name."""

ADDRESSES = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:7f00:0001:1::5")
"""What a name server may answer for a harmless name: as they are, IPv6-mapped, behind NAT64 and 6to4."""

ID = "dQw4w9WgXcQ"
LOOK_ALIKES = (
    f"http://169.254.169.254/?youtube.com/watch?v={ID}",
    f"https://www.youtube.com.evil.example/watch?v={ID}",
    f"https://youtube.com@evil.example/watch?v={ID}",
    f"https://www.youtube.com:443@evil.example/watch?v={ID}",
    f"https://www.youtube.com\\@evil.example/watch?v={ID}",
    f"https://www.youtube.com%2fwatch@evil.example/watch?v={ID}",
    f"https://evilyoutube.com/watch?v={ID}",
    f"https://youtube.com-evil.example/watch?v={ID}",
    f"https://evil.example/www.youtube.com/watch?v={ID}",
    f"https://evil.example/#https://www.youtube.com/watch?v={ID}",
    f"https://youtu.be.evil.example/{ID}",
    f"https://www.youtub\u0435.com/watch?v={ID}",  # a Cyrillic letter
    f"https://www.y\u043eutube.com/watch?v={ID}",
    f"https://www.xn--youtub-1of.com/watch?v={ID}",
    f"https://www.youtube.com\u2044watch.evil.example/?v={ID}",  # a slash that is none
    f"https://www.youtube.co/watch?v={ID}",
    f"https://www.youtube.com..evil.example/watch?v={ID}",
)
"""Links that are to be taken for YouTube's, but are not."""

HARMLESS, OUTSIDE = "videos.example", "93.184.215.14"
"""A name of a site, and its address on the public internet."""


@dataclass(frozen=True, slots=True)
class Reply:
    """`$inside` is the canary's host and port, `$here` the trick's own folder."""

    status: int = 200
    type: str = "text/html"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    to_ffmpeg: "Reply | None" = None
    """Another one, if it is ffmpeg that asks."""


@dataclass(frozen=True, slots=True)
class Trick:
    """The first of `files` is the link that is posted."""

    files: Mapping[str, Reply]
    says: str = "not on the public internet"
    """What people are told, where not that."""
    way: str = "requests"
    """The library of yt-dlp's that falls for it (many_links.py)."""


def leads_to(target: str, status: int = 302) -> Reply:
    return Reply(status, headers={"Location": target})


def page(head: str, body: str = "") -> Trick:
    return Trick({"page.html": html(head, body)})


def html(head: str, body: str = "") -> Reply:
    return Reply(body=f"<!doctype html><html><head><title>A page</title>{head}</head><body>{body}</body></html>")


def script(code: str) -> Trick:
    return page("", f"<script>{code}</script>")


def hls(*lines: str, to_ffmpeg: Reply | None = None) -> Reply:
    text = "\n".join(["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:5", *lines, "#EXT-X-ENDLIST", ""])
    return Reply(type="application/vnd.apple.mpegurl", body=text, to_ffmpeg=to_ffmpeg)


def master(*lines: str) -> Reply:
    """A playlist of playlists."""
    return Reply(type="application/vnd.apple.mpegurl", body="\n".join(["#EXTM3U", *lines, ""]))


def stream(*lines: str, **more: Reply) -> Trick:
    return Trick({"list.m3u8": hls(*lines)} | {name.replace("_", "."): reply for name, reply in more.items()})


def for_ffmpeg(*lines: str) -> Trick:
    """A stream that yt-dlp leaves to ffmpeg."""
    return Trick({"list.m3u8": hls(ENCRYPTED, *lines)})


def only_to_ffmpeg(reply: Reply) -> Trick:
    return Trick({"list.m3u8": hls(ENCRYPTED, *SEGMENT, to_ffmpeg=reply)})


def dash(inner: str, where: str = "") -> Trick:
    text = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="urn:mpeg:dash:profile'
        f':isoff-on-demand:2011" mediaPresentationDuration="PT5S">{where}<Period duration="PT5S"><AdaptationSet '
        'mimeType="video/mp4" contentType="video"><Representation id="v" bandwidth="1000" width="64" height="64" '
        f'codecs="avc1.42c01e">{inner}</Representation></AdaptationSet></Period></MPD>'
    )
    return Trick({"list.mpd": Reply(type="application/dash+xml", body=text)})


def xml(name: str, text: str) -> Trick:
    return Trick({name: Reply(type="application/xml", body=f'<?xml version="1.0"?>{text}')})


ENCRYPTED = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="$here/key.ts",IV=0x00000000000000000000000000000001'
SEGMENT = ("#EXTINF:5,", "$here/1.ts")
TEMPLATED = '<SegmentTemplate timescale="1" duration="5" startNumber="1" '

REDIRECTS = {
    **{
        f"redirect {status}": Trick({"a": leads_to("http://$inside/a.mp4", status)})
        for status in (301, 302, 303, 307, 308)
    },
    "redirect without a scheme": Trick({"a": leads_to("//$inside/a.mp4")}),
    "redirect to a number": Trick({"a": leads_to("http://2130706433:$port/a.mp4")}),
    "redirect to an IPv6 address": Trick({"a": leads_to("http://[::ffff:7f00:1]:$port/a.mp4")}),
    "redirect with a name before it": Trick({"a": leads_to("http://www.youtube.com@$inside/a.mp4")}),
    "redirect to https": Trick({"a": leads_to("https://$inside/a.mp4", 307)}),
    "chain of redirects": Trick(
        {f"{n}": leads_to(f"$here/{n + 1}", 301 + n % 2) for n in range(4)}
        | {"4": leads_to("http://$inside/a.mp4", 308)}
    ),
}
"""These hold for any file, not for pages alone."""

PAGES = {
    "redirect to ftp": Trick({"a": leads_to("ftp://$inside/a.mp4")}, "no web address", "urllib"),
    "refresh header": Trick({"a": Reply(body="<html></html>", headers={"Refresh": "0; url=http://$inside/a.mp4"})}),
    "meta refresh": page('<meta http-equiv="refresh" content="0; url=http://$inside/a.mp4">'),
    "og:video": page('<meta property="og:video" content="http://$inside/a.mp4">'),
    "og:audio": page('<meta property="og:audio" content="http://$inside/a.mp3">'),
    "og:video, a stream": page('<meta property="og:video" content="http://$inside/a.m3u8">'),
    "og:video, a manifest": page('<meta property="og:video" content="http://$inside/a.mpd">'),
    "og:video, a playlist": page('<meta property="og:video" content="http://$inside/a.xspf">'),
    "og:video, smil": page('<meta property="og:video" content="http://$inside/a.smil">'),
    "og:video, f4m": page('<meta property="og:video" content="http://$inside/a.f4m">'),
    "og:video, a name before": page('<meta property="og:video" content="http://youtube.com@$inside/a.mp4">'),
    "twitter:player:stream": page('<meta name="twitter:player:stream" content="http://$inside/a.mp4">'),
    "twitter:player": page('<meta name="twitter:player" content="http://$inside/a.html">'),
    "video": page("", '<video src="http://$inside/a.mp4"></video>'),
    "video source": page("", '<video><source src="//$inside/a.mp4" type="video/mp4"></video>'),
    "audio": page("", '<audio src="http://$inside/a.mp3"></audio>'),
    "JSON-LD content": script(
        '</script><script type="application/ld+json">{"@context": "https://schema.org", "@type": "VideoObject", '
        '"name": "x", "contentUrl": "http://$inside/a.mp4"}'
    ),
    "JW player": script('jwplayer("x").setup({"file": "http://$inside/a.mp4", "title": "x"});'),
    "JW player, a stream": script('jwplayer("x").setup({"file": "http://$inside/a.m3u8", "title": "x"});'),
    "video.js": script('var p = videojs("x"); p.src({src: "http://$inside/a.mp4", type: "video/mp4"});'),
    "video.js, a manifest": script(
        'var p = videojs("x"); p.src({src: "http://$inside/a.mpd", type: "application/dash+xml"});'
    ),
    "flowplayer": script('flowplayer("x", {src: "x"}, {x: 1, clip: {url: "http://$inside/a.mp4"}});'),
    "RSS": xml(
        "feed.rss",
        '<rss version="2.0"><channel><title>x</title><item><title>x</title><link>http://$inside/a</link></item></channel></rss>',
    ),
    "RSS enclosure": xml(
        "feed.rss",
        '<rss version="2.0"><channel><title>x</title><item><title>x</title><enclosure url="http://$inside/a.mp4" '
        'type="video/mp4"/></item></channel></rss>',
    ),
    "XSPF": xml(
        "list.xspf",
        '<playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList><track><title>x</title>'
        "<location>http://$inside/a.mp4</location></track></trackList></playlist>",
    ),
    "SMIL": xml("a.smil", '<smil><head><meta base="http://$inside/"/></head><body><video src="a.mp4"/></body></smil>'),
    "smooth streaming": xml(
        "a.ism",
        '<SmoothStreamingMedia MajorVersion="2" MinorVersion="0" Duration="50000000"><StreamIndex Type="video" '
        'Url="http://$inside/{bitrate}/{start time}"><QualityLevel Index="0" Bitrate="1000" FourCC="H264" '
        'MaxWidth="64" MaxHeight="64" CodecPrivateData="00"/><c t="0" d="50000000"/></StreamIndex>'
        "</SmoothStreamingMedia>",
    ),
    "f4m": xml(
        "a.f4m",
        '<manifest xmlns="http://ns.adobe.com/f4m/1.0"><id>x</id><duration>5</duration>'
        '<baseURL>http://$inside/</baseURL><bootstrapInfo profile="named" id="b" url="http://$inside/boot"/>'
        '<media bitrate="1" url="a" bootstrapInfoId="b"/></manifest>',
    ),
    "DASH base": dash("<BaseURL>http://$inside/a.mp4</BaseURL>"),
    "DASH base of all": dash("<BaseURL>a.mp4</BaseURL>", "<BaseURL>http://$inside/</BaseURL>"),
    "DASH template": dash(f'{TEMPLATED}media="http://$inside/$$Number$$.m4s" initialization="i.ts"/>'),
    "DASH initialization": dash(f'{TEMPLATED}media="$$Number$$.ts" initialization="http://$inside/i.mp4"/>'),
    "DASH list": dash(
        '<SegmentList timescale="1" duration="5"><Initialization sourceURL="1.ts"/><SegmentURL media="http://$inside/a"/>'
        "</SegmentList>"
    ),
    "HLS segment": stream("#EXTINF:5,", "http://$inside/a.ts"),
    "HLS segment, spelled": stream("#EXTINF:5,", "//0x7f.1:$port/a.ts"),
    "HLS second segment": stream(*SEGMENT, "#EXTINF:5,", "http://$inside/a.ts"),
    "HLS byte range": stream("#EXTINF:5,", "#EXT-X-BYTERANGE:5@0", "http://$inside/a.ts"),
    "HLS segment redirected": stream("#EXTINF:5,", "$here/seg", seg=leads_to("http://$inside/a.ts")),
    "HLS key": stream('#EXT-X-KEY:METHOD=AES-128,URI="http://$inside/key"', *SEGMENT),
    "HLS key redirected": stream(
        '#EXT-X-KEY:METHOD=AES-128,URI="$here/key"', *SEGMENT, key=leads_to("http://$inside/key", 307)
    ),
    "HLS map": stream('#EXT-X-MAP:URI="http://$inside/init.mp4"', *SEGMENT),
    "HLS variant": Trick({"list.m3u8": master("#EXT-X-STREAM-INF:BANDWIDTH=1000", "http://$inside/a.m3u8")}),
    "HLS nested twice": Trick(
        {
            "list.m3u8": master("#EXT-X-STREAM-INF:BANDWIDTH=1000", "$here/inner.m3u8"),
            "inner.m3u8": hls("#EXTINF:5,", "http://$inside/a.ts"),
        }
    ),
    "HLS sound apart": Trick(
        {
            "list.m3u8": master(
                '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",DEFAULT=YES,URI="http://$inside/a.m3u8"',
                '#EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO="a",CODECS="avc1.42c01e,mp4a.40.2"',
                "$here/inner.m3u8",
            ),
            "inner.m3u8": hls(*SEGMENT),
        }
    ),
    "HLS ftp segment": Trick({"list.m3u8": hls("#EXTINF:5,", "ftp://$inside/a.ts")}, "no web address"),
}

FOR_FFMPEG = {
    "ffmpeg: segment": for_ffmpeg("#EXTINF:5,", "http://$inside/a.ts"),
    "ffmpeg: https segment": for_ffmpeg("#EXTINF:5,", "https://$inside/a.ts"),
    "ffmpeg: segment, a number": for_ffmpeg("#EXTINF:5,", "http://2130706433:$port/a.ts"),
    "ffmpeg: segment, IPv6": for_ffmpeg("#EXTINF:5,", "http://[::ffff:127.0.0.1]:$port/a.ts"),
    "ffmpeg: segment, a name before": for_ffmpeg("#EXTINF:5,", "http://youtube.com@$inside/a.ts"),
    "ffmpeg: key": only_to_ffmpeg(hls('#EXT-X-KEY:METHOD=AES-128,URI="http://$inside/key"', *SEGMENT)),
    "ffmpeg: key, crypto": only_to_ffmpeg(
        hls('#EXT-X-KEY:METHOD=AES-128,URI="$here/1.ts"', "#EXTINF:5,", "http://$inside/a.ts")
    ),
    "ffmpeg: map": for_ffmpeg('#EXT-X-MAP:URI="http://$inside/init.mp4"', *SEGMENT),
    "ffmpeg: playlist redirected": only_to_ffmpeg(leads_to("http://$inside/a.m3u8")),
    "ffmpeg: playlist redirected to https": only_to_ffmpeg(leads_to("https://$inside/a.m3u8")),
    "ffmpeg: variant": only_to_ffmpeg(master("#EXT-X-STREAM-INF:BANDWIDTH=1000", "http://$inside/a.m3u8")),
    "ffmpeg: DASH": only_to_ffmpeg(dash("<BaseURL>http://$inside/a.mp4</BaseURL>").files["list.mpd"]),
}
"""Streams that yt-dlp leaves to ffmpeg."""

REFUSED_BY_FFMPEG = {
    "ffmpeg: sdp": only_to_ffmpeg(
        Reply(
            type="application/sdp",
            body="v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n",
        )
    ),
    "ffmpeg: tcp": for_ffmpeg("#EXTINF:5,", "tcp://$inside/a.ts"),
    "ffmpeg: concat": for_ffmpeg("#EXTINF:5,", "concat:http://$inside/a.ts|http://$inside/b.ts"),
    "ffmpeg: a file": for_ffmpeg("#EXTINF:5,", "file:///proc/self/environ"),
    "ffmpeg: data": for_ffmpeg("#EXTINF:5,", "data:text/plain,%23EXTM3U%0Ahttp%3A%2F%2F$inside%2Fa.ts"),
    "ffmpeg: concat script": only_to_ffmpeg(Reply(body="ffconcat version 1.0\nfile http://$inside/a.ts\n")),
}
"""What a stream that is left to ffmpeg may turn out to be; none of it is asked for, guard or not."""

REBINDING = {"rebinding": stream("#EXTINF:5,", f"http://{HARMLESS}:$port/a.ts")}
"""The name leads outside when it is asked for the first time, and inside from then on."""

RTMP = {
    "rtmp": xml("a.smil", '<smil><head><meta base="rtmp://$inside/"/></head><body><video src="a.flv"/></body></smil>')
}

TRICKS = REDIRECTS | PAGES | FOR_FFMPEG | REFUSED_BY_FFMPEG | REBINDING | RTMP

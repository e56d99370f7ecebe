"""What the API's description shows of CAP."""

from __future__ import annotations

from typing import Final

ALERT: Final = "0197a9c4-4a80-7c3e-9d55-2f6b1c0e7a11"
IDENTIFIER: Final = f"{ALERT}.1"
MESSAGE: Final = f"""<?xml version='1.0' encoding='UTF-8'?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>{IDENTIFIER}</identifier>
  <sender>imm.cirebonkota.go.id</sender>
  <sent>2026-11-24T17:00:01+07:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Restricted</scope>
  <restriction>Petugas dan aplikasi Kota Cirebon</restriction>
  <info>
    <language>id-ID</language>
    <category>Safety</category>
    <event>Kerumunan di luar kebiasaan</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Likely</certainty>
    <area>
      <areaDesc>Kawasan Bima, Kelurahan Sunyaragi, Kecamatan Kesambi, Kota Cirebon</areaDesc>
      <circle>-6.7205,108.5402 0.25</circle>
      <geocode>
        <valueName>ID-KEMENDAGRI</valueName>
        <value>32.74.05.1002</value>
      </geocode>
    </area>
  </info>
</alert>
"""
FEED: Final = f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <id>https://imm.cirebonkota.go.id/api/v1/cap</id>
  <title>Pemerintah Kota Cirebon: peringatan yang berlaku</title>
  <updated>2026-11-24T10:00:01Z</updated>
  <entry>
    <id>https://imm.cirebonkota.go.id/api/v1/cap/{IDENTIFIER}</id>
    <title>Kerumunan di luar kebiasaan – Kawasan Bima, Kota Cirebon</title>
    <updated>2026-11-24T10:00:01Z</updated>
    <link rel="alternate" type="application/cap+xml"
      href="https://imm.cirebonkota.go.id/api/v1/cap/{IDENTIFIER}"/>
  </entry>
</feed>
"""

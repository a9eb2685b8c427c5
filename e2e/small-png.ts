/** Makes a screenshot small enough for a README: the same picture in the few colours that its pages really have. */
import { crc32, deflateSync, inflateSync } from 'node:zlib'

type Picture = { readonly width: number; readonly height: number; readonly colours: Uint32Array }

const mostColours = 16

/** @param png eight bits a colour, no transparency, not interlaced: what Chromium takes */
export function smallPng(png: Buffer): Buffer {
  const picture = read(png)
  return write(picture, paletteOf(picture.colours))
}

/** The colours of areas as they are; of the thousands at the edges of letters some that differ well, the rest to the nearest. */
function paletteOf(colours: Uint32Array): readonly number[] {
  const counts = new Map<number, number>()
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1)
  const byCount = [...counts].toSorted(([, a], [, b]) => b - a).map(([colour]) => colour)
  const chosen = byCount.filter((colour) => (counts.get(colour) ?? 0) > colours.length / 300).slice(0, 10)
  for (const apart of [48, 24, 12, 0]) {
    for (const colour of byCount) {
      if (chosen.length === mostColours) return chosen
      if (chosen.every((other) => distance(colour, other) > apart * apart)) chosen.push(colour)
    }
  }
  return chosen
}

function distance(a: number, b: number): number {
  const [red, green, blue] = [
    (a >> 16) - (b >> 16),
    ((a >> 8) & 255) - ((b >> 8) & 255),
    (a & 255) - (b & 255),
  ]
  return red * red + green * green + blue * blue
}

function read(png: Buffer): Picture {
  const data: Buffer[] = []
  let [width, height, channels] = [0, 0, 3]
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
    const body = png.subarray(at + 8, at + 8 + png.readUInt32BE(at))
    const type = png.toString('latin1', at + 4, at + 8)
    if (type === 'IHDR') {
      ;[width, height] = [body.readUInt32BE(0), body.readUInt32BE(4)]
      channels = body[9] === 6 ? 4 : 3
    }
    if (type === 'IDAT') data.push(body)
  }
  return { width, height, colours: unfilter(inflateSync(Buffer.concat(data)), { width, height, channels }) }
}

/** PNG specification, section 9: every byte is the difference to what its neighbours foretell. */
function unfilter(
  raw: Buffer,
  { width, height, channels }: { width: number; height: number; channels: number },
): Uint32Array {
  const length = width * channels
  const colours = new Uint32Array(width * height)
  let above = new Uint8Array(length)
  for (let y = 0; y < height; y += 1) {
    const start = y * (length + 1)
    const line = new Uint8Array(raw.subarray(start + 1, start + 1 + length))
    for (let x = 0; x < length; x += 1) {
      const [left, up, corner] = [line[x - channels] ?? 0, above[x] ?? 0, above[x - channels] ?? 0]
      line[x] = (line[x] ?? 0) + foretold(raw[start] ?? 0, left, up, corner)
    }
    for (let x = 0; x < width; x += 1) {
      const at = x * channels
      colours[y * width + x] = ((line[at] ?? 0) << 16) | ((line[at + 1] ?? 0) << 8) | (line[at + 2] ?? 0)
    }
    above = line
  }
  return colours
}

function foretold(filter: number, left: number, up: number, corner: number): number {
  if (filter === 1) return left
  if (filter === 2) return up
  if (filter === 3) return (left + up) >> 1
  if (filter !== 4) return 0
  const [toLeft, toUp, toCorner] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ]
  if (toLeft <= toUp && toLeft <= toCorner) return left
  return toUp <= toCorner ? up : corner
}

/** Four bits a pixel, two pixels a byte. */
function write({ width, height, colours }: Picture, palette: readonly number[]): Buffer {
  const nearest = new Map(palette.map((colour, index) => [colour, index]))
  const indexOf = (colour: number): number => {
    const known = nearest.get(colour)
    if (known !== undefined) return known
    const distances = palette.map((one) => distance(one, colour))
    const index = distances.indexOf(Math.min(...distances))
    nearest.set(colour, index)
    return index
  }
  const length = Math.ceil(width / 2) + 1
  const raw = Buffer.alloc(length * height)
  for (let at = 0; at < colours.length; at += 1) {
    const [x, y] = [at % width, Math.floor(at / width)]
    const place = y * length + 1 + (x >> 1)
    raw[place] = (raw[place] ?? 0) | (indexOf(colours[at] ?? 0) << (x % 2 === 0 ? 4 : 0))
  }
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 4, 3, 0, 0, 0])
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk(
      'PLTE',
      Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255])),
    ),
    chunk('IDAT', deflateSync(raw, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(body.length)
  checksum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, checksum])
}

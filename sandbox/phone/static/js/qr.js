// QR codes for texts of up to 213 bytes: ISO/IEC 18004, byte mode, error correction M, versions 1 to 10.

// Per version: codewords of error correction in a block, then [blocks, data codewords in each] groups (Table 9, level M).
const BLOCKS = [
  [10, [1, 16]], [16, [1, 28]], [26, [1, 44]], [18, [2, 32]], [24, [2, 43]],
  [16, [4, 27]], [18, [4, 31]], [22, [2, 38], [2, 39]], [22, [3, 36], [2, 37]], [26, [4, 43], [1, 44]],
];
const ALIGNMENT = [[], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46], [6, 28, 50]];

const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power += 1) {
  EXP[power] = EXP[power + 255] = value;
  LOG[value] = power;
  value = value & 0x80 ? (value << 1) ^ 0x11d : value << 1;
}

/** The modules of the code for a text: rows of booleans, without the quiet zone. */
export function modules(text) {
  const bytes = new TextEncoder().encode(text);
  const version = BLOCKS.findIndex(([, ...groups], index) => {
    const capacity = groups.reduce((sum, [count, size]) => sum + count * size, 0);
    return bytes.length + 2 + (index >= 9 ? 1 : 0) <= capacity;
  }) + 1;
  if (version === 0) throw new Error("too long for a QR code");
  const stream = interleaved(version, dataCodewords(version, bytes));
  let best = null;
  for (let mask = 0; mask < 8; mask += 1) {
    const grid = drawn(version, stream, mask);
    const penalty = penaltyOf(grid);
    if (best === null || penalty < best.penalty) best = { grid, penalty };
  }
  return best.grid;
}

function dataCodewords(version, bytes) {
  const [, ...groups] = BLOCKS[version - 1];
  const capacity = groups.reduce((sum, [count, size]) => sum + count * size, 0);
  const bits = [];
  const push = (value, length) => {
    for (let bit = length - 1; bit >= 0; bit -= 1) bits.push((value >> bit) & 1);
  };
  push(0b0100, 4);
  push(bytes.length, version >= 10 ? 16 : 8);
  bytes.forEach((byte) => push(byte, 8));
  push(0, Math.min(4, capacity * 8 - bits.length));
  while (bits.length % 8) bits.push(0);
  const words = [];
  for (let at = 0; at < bits.length; at += 8) words.push(parseInt(bits.slice(at, at + 8).join(""), 2));
  for (let pad = 0xec; words.length < capacity; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

function interleaved(version, words) {
  const [correction, ...groups] = BLOCKS[version - 1];
  const blocks = [];
  let at = 0;
  for (const [count, size] of groups) {
    for (let n = 0; n < count; n += 1, at += size) blocks.push(words.slice(at, at + size));
  }
  const parities = blocks.map((block) => parity(block, correction));
  const stream = [];
  const longest = Math.max(...blocks.map((block) => block.length));
  for (let n = 0; n < longest; n += 1) for (const block of blocks) if (n < block.length) stream.push(block[n]);
  for (let n = 0; n < correction; n += 1) for (const block of parities) stream.push(block[n]);
  return stream;
}

function parity(block, length) {
  let generator = [1];
  for (let n = 0; n < length; n += 1) {
    const next = new Array(generator.length + 1).fill(0);
    generator.forEach((factor, index) => {
      next[index] ^= factor;
      if (factor) next[index + 1] ^= EXP[LOG[factor] + n];
    });
    generator = next;
  }
  const rest = [...block, ...new Array(length).fill(0)];
  for (let n = 0; n < block.length; n += 1) {
    const lead = rest[n];
    if (lead) generator.forEach((factor, index) => (rest[n + index] ^= EXP[LOG[factor] + LOG[lead]]));
  }
  return rest.slice(block.length);
}

function drawn(version, stream, mask) {
  const size = version * 4 + 17;
  const grid = Array.from({ length: size }, () => new Array(size).fill(null));
  const set = (row, column, dark) => {
    if (row >= 0 && column >= 0 && row < size && column < size) grid[row][column] = dark;
  };
  for (const [top, left] of [[0, 0], [0, size - 7], [size - 7, 0]]) {
    for (let row = -1; row <= 7; row += 1) {
      for (let column = -1; column <= 7; column += 1) {
        const ring = Math.max(Math.abs(row - 3), Math.abs(column - 3));
        set(top + row, left + column, ring !== 2 && ring !== 4);
      }
    }
  }
  for (let n = 8; n < size - 8; n += 1) {
    grid[6][n] = grid[n][6] = n % 2 === 0;
  }
  const centres = ALIGNMENT[version - 1];
  for (const row of centres) {
    for (const column of centres) {
      const inFinder = (row === 6 && (column === 6 || column === size - 7)) || (row === size - 7 && column === 6);
      if (inFinder) continue;
      for (let y = -2; y <= 2; y += 1) {
        for (let x = -2; x <= 2; x += 1) grid[row + y][column + x] = Math.max(Math.abs(x), Math.abs(y)) !== 1;
      }
    }
  }
  drawFormat(grid, mask);
  if (version >= 7) drawVersion(grid, version);
  drawStream(grid, stream, mask);
  return grid;
}

function drawFormat(grid, mask) {
  const size = grid.length;
  const level = 0b00; // M
  let bits = (level << 3) | mask;
  let rest = bits << 10;
  for (let bit = 14; bit >= 10; bit -= 1) if ((rest >> bit) & 1) rest ^= 0x537 << (bit - 10);
  bits = ((bits << 10) | rest) ^ 0x5412;
  for (let n = 0; n < 15; n += 1) {
    const dark = ((bits >> n) & 1) === 1;
    if (n < 6) grid[n][8] = dark;
    else if (n < 8) grid[n + 1][8] = dark;
    else if (n === 8) grid[8][7] = dark;
    else grid[8][14 - n] = dark;
    if (n < 8) grid[8][size - 1 - n] = dark;
    else grid[size - 15 + n][8] = dark;
  }
  grid[size - 8][8] = true;
}

function drawVersion(grid, version) {
  let rest = version << 12;
  for (let bit = 17; bit >= 12; bit -= 1) if ((rest >> bit) & 1) rest ^= 0x1f25 << (bit - 12);
  const bits = (version << 12) | rest;
  for (let n = 0; n < 18; n += 1) {
    const dark = ((bits >> n) & 1) === 1;
    const [near, far] = [Math.floor(n / 3), grid.length - 11 + (n % 3)];
    grid[near][far] = grid[far][near] = dark;
  }
}

const MASKS = [
  (y, x) => (y + x) % 2 === 0,
  (y) => y % 2 === 0,
  (_, x) => x % 3 === 0,
  (y, x) => (y + x) % 3 === 0,
  (y, x) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (y, x) => ((y * x) % 2) + ((y * x) % 3) === 0,
  (y, x) => (((y * x) % 2) + ((y * x) % 3)) % 2 === 0,
  (y, x) => (((y + x) % 2) + ((y * x) % 3)) % 2 === 0,
];

function drawStream(grid, stream, mask) {
  const size = grid.length;
  let bit = 0;
  let upwards = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let n = 0; n < size; n += 1) {
      const row = upwards ? size - 1 - n : n;
      for (const column of [right, right - 1]) {
        if (grid[row][column] !== null) continue;
        const dark = ((stream[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
        bit += 1;
        grid[row][column] = (dark === 1) !== MASKS[mask](row, column);
      }
    }
    upwards = !upwards;
  }
}

function penaltyOf(grid) {
  const size = grid.length;
  let penalty = 0;
  const lines = [...grid, ...grid.map((_, column) => grid.map((row) => row[column]))];
  for (const line of lines) {
    const text = line.map((dark) => (dark ? "1" : "0")).join("");
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) penalty += run.length - 2;
    penalty += 40 * (text.match(/(?=10111010000|00001011101)/g) ?? []).length;
  }
  let dark = 0;
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      if (grid[y][x]) dark += 1;
      if (y && x && grid[y][x] === grid[y - 1][x] && grid[y][x] === grid[y][x - 1] && grid[y][x] === grid[y - 1][x - 1]) {
        penalty += 3;
      }
    }
  }
  return penalty + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10));
}

const SVG = "http://www.w3.org/2000/svg";

/** The code as a drawing with its quiet zone. */
export function drawing(text, label) {
  const grid = modules(text);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `-4 -4 ${grid.length + 8} ${grid.length + 8}`);
  svg.setAttribute("class", "qr");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(SVG, "path");
  const cells = grid.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
  path.setAttribute("d", cells.join(""));
  svg.append(path);
  return svg;
}

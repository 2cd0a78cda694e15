import {
  CompactRange,
  emptyRoot,
  hashAt,
  leafHash,
  nodeHash,
  provesConsistency,
  provesInclusion,
  splitOf,
} from './merkle';
import { TiledTree, tilePath, tilesOf, tileWidth, type Tile } from './tiles';

const hex = (text: string) => Buffer.from(text, 'hex');
const base64 = (text: string) => Buffer.from(text, 'base64');

/** Leaves and roots of trees of 0 to 8 of them, as transparency-dev/merkle publishes them (testonly/constants.go). */
const published = {
  leaves: ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(hex),
  roots: [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ].map(hex),
};

/** Proofs of trees over those leaves (transparency-dev/merkle, testdata/inclusion and testdata/consistency). */
const inclusions = [
  {
    index: 0,
    size: 8,
    hashes: [
      'lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=',
      'Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=',
      'a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=',
    ],
  },
  {
    index: 5,
    size: 8,
    hashes: [
      'vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=',
      'yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=',
      '037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=',
    ],
  },
  { index: 2, size: 3, hashes: ['+sVCA+fMaWzw38tCySodnbr3CtnmIfS9jZhmLwDjwSU='] },
  {
    index: 1,
    size: 5,
    hashes: [
      'bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=',
      'Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=',
      'vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=',
    ],
  },
];
const consistencies = [
  {
    oldSize: 1,
    newSize: 8,
    hashes: [
      'lqKW0iTyhcZ77pPDD4owkVfw2qNdxbh+QQt4YwoJz8c=',
      'Xwg/ChozygdqlSeYMlgNs+DvRYS9/x9UyKNg9Q3jAx4=',
      'a0eq8p7jwq+a+Im8H7klTavTEXfxYjLdaqsDXKOb9uQ=',
    ],
  },
  {
    oldSize: 6,
    newSize: 8,
    hashes: [
      'DrxdNDf74tsVi58Sah0RjjCBgQMdCpSfje3t68VY72o=',
      'yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=',
      '037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=',
    ],
  },
];

/** The tree hash as RFC 6962 §2.1 writes it down. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return emptyRoot;
  if (leaves.length === 1) return leaves[0] as Buffer;
  const split = splitOf(leaves.length);
  return nodeHash(treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

/** Leaves that differ, and the tiles over them. */
function forest(count: number) {
  const leaves = Array.from({ length: count }, (_, index) => leafHash(Buffer.from(`entry ${index}`)));
  const rows: Buffer[] = [Buffer.concat(leaves)];
  const range = new CompactRange();
  for (const leaf of leaves) {
    range.append(leaf, (level, _index, node) => {
      if (level % 8 === 0) rows[level / 8] = Buffer.concat([rows[level / 8] ?? Buffer.alloc(0), node]);
    });
  }
  const asked: string[] = [];
  const read = ({ level, index, width }: Tile) => {
    asked.push(tilePath({ level, index, width }));
    return Promise.resolve((rows[level] as Buffer).subarray(index * tileWidth * 32, (index * tileWidth + width) * 32));
  };
  return { leaves, range, read, asked };
}

describe('a tree', () => {
  it('has the roots that others publish', () => {
    const range = new CompactRange();
    const roots = [range.root, ...published.leaves.map((leaf) => (range.append(leafHash(leaf)), range.root))];
    expect(roots).toEqual(published.roots);
  });

  it.each([1, 2, 3, 255, 256, 257, 511, 512, 513, 600])('of %d leaves has the root of RFC 6962', (count) => {
    const { leaves, range } = forest(count);
    expect(range.root).toEqual(treeHash(leaves));
    expect(new CompactRange(range.size, range.frontier).root).toEqual(range.root);
  });

  it('refuses a frontier of another size', () => {
    const { range } = forest(6);
    expect(() => new CompactRange(7, range.frontier)).toThrow('7 leaves');
  });
});

describe('inclusion', () => {
  const proofOf = ({ index, size, hashes }: (typeof inclusions)[number]) => ({
    ...{ index, size, hashes: hashes.map(base64) },
    leaf: leafHash(published.leaves[index] as Buffer),
    root: published.roots[size] as Buffer,
  });

  it.each(inclusions)('of leaf $index in $size is shown by the proof that others publish', (vector) => {
    expect(provesInclusion(proofOf(vector))).toBe(true);
  });

  it.each(inclusions)('of leaf $index in $size is not shown by that proof once it is tampered with', (vector) => {
    const proof = proofOf(vector);
    const flipped = proof.hashes.map((given) =>
      Buffer.from(given.map((byte, place) => (place === 31 ? byte ^ 1 : byte))),
    );
    const forged = [
      { ...proof, index: proof.index ^ 2 },
      { ...proof, index: proof.index + 1 },
      { ...proof, index: -1 },
      { ...proof, size: proof.size * 2 },
      { ...proof, size: Math.floor(proof.size / 2) },
      { ...proof, leaf: leafHash(Buffer.from('another')) },
      { ...proof, root: emptyRoot },
      { ...proof, hashes: [...proof.hashes, proof.root] },
      { ...proof, hashes: [proof.root, ...proof.hashes] },
      { ...proof, hashes: proof.hashes.slice(1) },
      ...proof.hashes.map((_, at) => ({
        ...proof,
        hashes: proof.hashes.map((given, place) => (place === at ? (flipped[at] ?? given) : given)),
      })),
    ];
    expect(forged.filter(provesInclusion)).toEqual([]);
  });

  it.each([1, 255, 256, 257, 600])('is proved from tiles for every leaf of %d', async (size) => {
    const { leaves, range, read } = forest(size);
    const tree = new TiledTree(size, read);
    const unproved: number[] = [];
    for (const [index, leaf] of leaves.entries()) {
      const hashes = await tree.inclusionProof(index);
      if (!provesInclusion({ index, size, leaf, root: range.root, hashes })) unproved.push(index);
    }
    expect(unproved).toEqual([]);
  });
});

describe('consistency', () => {
  const proofOf = ({ oldSize, newSize, hashes }: (typeof consistencies)[number]) => ({
    ...{ oldSize, newSize, hashes: hashes.map(base64) },
    oldRoot: published.roots[oldSize] as Buffer,
    newRoot: published.roots[newSize] as Buffer,
  });

  it.each(consistencies)('of $oldSize and $newSize is shown by the proof that others publish', (vector) => {
    expect(provesConsistency(proofOf(vector))).toBe(true);
  });

  it.each(consistencies)('of $oldSize and $newSize is not shown by that proof once it is tampered with', (vector) => {
    const proof = proofOf(vector);
    const forged = [
      { ...proof, oldSize: proof.oldSize - 1 },
      { ...proof, oldSize: proof.oldSize + 1 },
      { ...proof, newSize: proof.newSize * 2 },
      { ...proof, newSize: proof.newSize / 2 },
      { ...proof, oldRoot: proof.newRoot, newRoot: proof.oldRoot },
      { ...proof, newRoot: emptyRoot },
      { ...proof, hashes: [] },
      { ...proof, hashes: proof.hashes.slice(0, -1) },
      { ...proof, hashes: [...proof.hashes, proof.newRoot] },
      { ...proof, hashes: [proof.oldRoot, ...proof.hashes] },
    ];
    expect(forged.filter(provesConsistency)).toEqual([]);
  });

  it('is proved from tiles between any two sizes', async () => {
    const size = 300;
    const { leaves, read } = forest(size);
    const tree = new TiledTree(size, read);
    const unproved: string[] = [];
    for (let newSize = 0; newSize <= size; newSize += 13) {
      for (let oldSize = 0; oldSize <= newSize; oldSize += 7) {
        const hashes = await tree.consistencyProof(oldSize, newSize);
        const [oldRoot, newRoot] = [treeHash(leaves.slice(0, oldSize)), treeHash(leaves.slice(0, newSize))];
        if (!provesConsistency({ oldSize, newSize, oldRoot, newRoot, hashes }))
          unproved.push(`${oldSize} → ${newSize}`);
      }
    }
    expect(unproved).toEqual([]);
  });
});

describe('tiles', () => {
  it('have the paths of the specification', () => {
    expect(tilePath({ level: 0, index: 1_234_067, width: 256 })).toBe('tile/0/x001/x234/067');
    expect(tilePath({ level: 1, index: 0, width: 17 })).toBe('tile/1/000.p/17');
  });

  it('are as many as the specification says for a tree of 70,000', () => {
    const tiles = [...tilesOf(70_000)].map(tilePath);
    expect(tiles.filter((path) => !path.includes('.p/'))).toHaveLength(273 + 1);
    expect(tiles.filter((path) => path.includes('.p/'))).toEqual([
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ]);
    expect([...tilesOf(256)].map(tilePath)).toEqual(['tile/0/000', 'tile/1/000.p/1']);
    expect([...tilesOf(0)]).toEqual([]);
  });

  it('are read once each, and no more of them than a proof needs', async () => {
    const { read, asked } = forest(70_000);
    const tree = new TiledTree(70_000, read);
    await tree.inclusionProof(12_345);
    expect(asked.length).toBeLessThan(8);
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('too short for the tree are refused', async () => {
    const tree = new TiledTree(200, () => Promise.resolve(Buffer.alloc(199 * 32)));
    await expect(tree.root()).rejects.toThrow('tile/0/000.p/200 is too short');
  });

  it('hold hashes that can be told apart', () => {
    expect(hashAt(Buffer.concat([leafHash(Buffer.from('a')), leafHash(Buffer.from('b'))]), 1)).toEqual(
      leafHash(Buffer.from('b')),
    );
  });
});

import type { MigrationInterface, QueryRunner } from 'typeorm';

// The table of libs/kernel/src/folding-table.ts as it was at this migration.
const marks = `
  300-33f 342 345-36f 483-489 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-65f 670 6d6-6dc 6df-6e4 6e7-6e8 6ea-6ed
  711 730-74a 7eb-7f3 7fd 816-819 81b-823 825-827 829-82d 859-85b 897-89f 8ca-8e1 8e3-903 93c 94d 951-954 981-983
  9bc 9cd 9fe a01-a03 a3c a4d a70-a71 a81-a83 abc acd afa-aff b01-b03 b3c b4d b55 b82 bcd c00-c04 c3c c4d c55-c56
  c81-c83 cbc ccd cf3 d00-d03 d3b-d3c d4d d81-d83 dca e38-e3a e47-e4e eb8-eba ec8-ece f18-f19 f35 f37 f39 f3e-f3f
  f71-f72 f74 f7a-f80 f82-f84 f86-f87 fc6 1036-103a 108d 135d-135f 1714-1715 1734 17b4-17b5 17c6-17d3 17dd
  180b-180d 180f 18a9 1939-193b 1a17-1a18 1a60 1a74-1a7c 1a7f 1ab0-1add 1ae0-1aeb 1b00-1b04 1b34 1b44 1b6b-1b73
  1b80-1b82 1baa-1bab 1be6 1bf2-1bf3 1c37 1cd0-1cd2 1cd4-1ce8 1ced 1cf4 1cf7-1cf9 1dc0-1dff 20d0-20f0 2cef-2cf1
  2d7f 2de0-2dff 302a-302f 3099-309a a66f-a672 a674-a67d a69e-a69f a6f0-a6f1 a806 a80b a82c a880-a881 a8c4-a8c5
  a8e0-a8f1 a92b-a92d a953 a980-a983 a9b3 a9c0 aab0 aab2-aab4 aab7-aab8 aabe-aabf aac1 aaf6 abec-abed fb1e
  fe00-fe0f fe20-fe2f 101fd 102e0 10376-1037a 10a0d-10a0f 10a38-10a3a 10a3f 10ae5-10ae6 10d24-10d27 10d69-10d6d
  10eab-10eac 10efa-10eff 10f46-10f50 10f82-10f85 11000-11002 11046 11070 1107f-11082 110b9-110ba 11100-11102
  11133-11134 11173 11180-11182 111c0 111c9-111cc 111cf 11234-11237 1123e 112df 112e9-112ea 11300-11303
  1133b-1133c 1134d 11366-1136c 11370-11374 113ca 113cc-113d0 113d2 113e1-113e2 11442-11446 1145e 114bf-114c3
  115bc-115c0 1163d-11640 116ab-116ac 116b6-116b7 1172b 11837-1183a 1193b-1193e 11943 119de-119e0 11a33-11a39
  11a47 11a96-11a99 11c3c-11c3f 11cb5-11cb6 11d40-11d45 11d95-11d97 11f00-11f01 11f03 11f41-11f42 11f5a 13440
  13447-13455 1612d 1612f 16af0-16af4 16b30-16b36 16fe4 16ff0-16ff1 1bc9d-1bc9e 1cf00-1cf2d 1cf30-1cf46
  1d165-1d169 1d16d-1d172 1d17b-1d182 1d185-1d18b 1d1aa-1d1ad 1d242-1d244 1da00-1da36 1da3b-1da6c 1da75 1da84
  1da9b-1da9f 1daa1-1daaf 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e08f 1e130-1e136 1e2ae
  1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1e8d0-1e8d6 1e944-1e94a e0100-e01ef`;
const vanishing = `
  22 27 2e 5e 60 ab ad b7 bb 241-242 294-295 2a1 2b9-2d6 2de-2df 2e5-2ff 375 55a-55b 55d-55e 5f3-5f4 600-605 61c
  640 6dd 70f 7f4-7f5 7fa 888 890-891 8e2 115f-1160 180e 200b-200f 2018-201f 2027 202a-202e 2032 2035 2038-203a
  2060-2064 2066-206f a700-a716 a720-a721 a789-a78c ab5b ab6a-ab6b fbb2-fbc2 fff9-fffb 110bd 110cd 13430-1343f
  1bca0-1bca3 1d173-1d17a 1f3fb-1f3ff e0001 e0020-e007f`;
const blanks = `
  9-d 20 2c-2d 85 2d7 58a 5be 60c 1400 1680 1806 2010 2012-2015 2028-2029 2043 2053 2212 2e17 2e1a 2e3a-2e3b 2e40
  2e5d 3001 301c 3030 30a0 30fb feff 10d6e 10ead`;
const letters = `
  41-5a:61 c6:e6 d0:64 d8:6f de:fe f0:64 f8:6f 110:64 111:64 126:68 127:68 131:69 138:71 141:6c 142:6c 14a:6e
  14b:6e 152:153 166:74 167:74 180:62 181:62 182:62 183:62 184:185 186:6f 187:63 188-189:63 18a:64 18b:64 18c:64
  18e:65 18f:65 190-191:65 192-193:66 194-198/2:67 197-199/2:69 19a:6c 19c:75 19d:6e 19e-19f:6e 1a2:1a3
  1a4-1a6/2:70 1a5:70 1a7:1a8 1a9:283 1ab:74 1ac:74 1ad:74 1ae:74 1b1-1b2:75 1b3:79 1b4-1b5:79 1b6:7a 1b7:7a
  1b8:1b9 1ba:7a 1bc:1bd 1be:296 1dd:65 1e4:67 1e5:67 1f6:195 1f7:1bf 21c:21d 220:6e 221:64 222:223 224:7a 225:7a
  234:6c 235:6e 236:74 237:6a 23a-23c/2:61 23b:63 23d:6c 23e:74 23f:73 240:7a 243:62 244:75 245:28c 246:65 247:65
  248:6a 249:6a 24a:71 24b-24c:71 24d:72 24e:79 24f:79 253:62 254:6f 255-256:63 257:64 259:65 25a:65 25b:65
  25d:25c 25f:6a 260:67 261:67 262:67 263:67 266:68 267-268:68 269:69 26a:69 26b:6c 26c:6c 26d:6c 26f:75 270:75
  271-272:6d 273:6e 274-275:6e 27a:279 27b:279 27c:72 27d:72 27e:72 280:72 282:73 284:6a 286:283 288-289:74
  28a-28b:75 28f-290:79 291:7a 292:7a 293:7a 299:62 29b-29c:67 29d-29f/2:6a 2a0:71 2a5:2a3 2ae:265 2af:265
  370-372/2:371 376:377 37f:3f3 391-3a1:3b1 3a3-3a9:3c3 3c2:3c3 3cf:3d7 3d8-3ee/2:3d9 3f7:3f8 3fa:3fb 3fd-3ff:37b
  402:452 404:435 405:455 406:438 408-40b:458 40f:45f 410-42e/2:430 411-417/2:431 41b-42f/2:43b 454:435 456:438
  460-474/2:461 478-47a/2:479 47c:461 47d:461 47e-480/2:47f 48a:438 48b:438 48c:48d 48e:440 48f:440 490:433
  491:433 492:433 493:433 494:433 495:433 496:436 497-498:436 499:437 49a:43a 49b:43a 49c:43a 49d:43a 49e:43a
  49f:43a 4a0:4a1 4a2:43d 4a3:43d 4a4:4a5 4a6:43f 4a7:43f 4a8:4a9 4aa:441 4ab-4ac:441 4ad-4ae:442 4af:443
  4b0-4b2/2:443 4b1-4b3/2:443 4b4:4b5 4b6:447 4b7:447 4b8:447 4b9:447 4ba:445 4bb:445 4bc:4bd 4be:4bd 4bf:4bd
  4c0:4cf 4c3:43a 4c4-4c5:43a 4c6-4c8/2:43b 4c7:43d 4c9:43d 4ca:43d 4cb:4cc 4cd:43c 4ce:43c 4d4:4d5 4d8:430
  4d9:430 4e0:4e1 4e8:43e 4e9:43e 4f6:433 4f7:433 4fa:433 4fb:433 4fc:445 4fd:445 4fe:445 4ff:445 500-510/2:501
  512:43b 513:43b 514-51e/2:515 520-524/2:43b 521-525/2:43b 526:445 527:445 528:43d 529:43d 52a-52c/2:52b 52e:43b
  52f:43b 531-556:561 588:575 5da:5db 5dd-5df/2:5de 5e3-5e5/2:5e4 629:647 63b:643 63c:643 63d:64a 63e:64a 63f:64a
  649:64a 660-669:30 671:627 672:627 673:627 67c:62a 67d:62a 681:62d 682:62d 685:62d 689:62f 68a:62f 68b:62f
  68f:62f 690-692/2:62f 693:631 694:631 695:631 696:631 697:631 699-69f/2:631 69a:633 69c-69e/2:633 6a0:639
  6a2:641 6a3:641 6a5:641 6a7:642 6a8-6a9:642 6aa:643 6ab:643 6ac:643 6ae:643 6b0:6af 6b2:6af 6b4:6af 6b5:644
  6b6:644 6b7-6b9/2:644 6b8-6ba/2:644 6bc:646 6bd-6be:646 6bf:686 6c1:647 6c3-6c4:647 6c6:648 6c7:648 6c8:648
  6c9:648 6ca-6cc/2:648 6cb-6cd/2:648 6ce:64a 6cf-6d1/2:648 6d0:64a 6d2:64a 6d5:647 6ee:62f 6ef:631 6f0-6f9:30
  6fa:634 6fb:636 6fc:63a 6ff:647 750:628 751:628 752:628 753:628 754:628 755:628 756:628 757-75b/2:62d
  758-75a/2:62d 75c:633 75d:639 75e:639 75f:639 760-762/2:641 761-765/2:641 764-766/2:643 767:646 768:646 769:646
  76a:644 76b-76d/2:631 76c:631 76e:62d 76f:62d 770:633 771:631 772:62d 773:627 774:627 775:64a 776:64a 777:64a
  778-77a/2:648 779-77b/2:648 77c:62d 77d:633 77e:633 77f:643 7c0-7c9:30 870:627 871:627 872:627 873:627 874:627
  875:627 876:627 877:627 878:627 879:627 87a:627 87b:627 87c:627 87d:627 87e:627 87f:627 880:627 881:627 882:627
  889:646 88a:62d 88b:637 88c:637 88d:643 8a0:628 8a1:628 8a2:62c 8a3:637 8a4-8a5:641 8a6-8a7:644 8a8:64a 8a9:64a
  8aa:631 8ab:648 8ae:62f 8af:635 8b0:6af 8b2:632 8b3:639 8b4:643 8b5:642 8b6-8b8/2:628 8b7:67e 8b9:631 8ba:64a
  8be:67e 8bf:62a 8c0:679 8c1:686 8c2:643 8c3:63a 8c4:8bc 8c5:62c 8c6:62c 8c7:644 966-96f:30 9e6-9ef:30 a66-a6f:30
  ae6-aef:30 b66-b6f:30 be6-bef:30 c66-c6f:30 ce6-cef:30 d66-d6f:30 de6-def:30 e50-e59:30 ed0-ed9:30 f20-f29:30
  1040-1049:30 1090-1099:30 10a0-10c5:2d00 10c7:2d27 10cd:2d2d 13a0-13ef:ab70 13f0-13f5:13f8 17e0-17e9:30
  1810-1819:30 1946-194f:30 19d0-19d9:30 1a80-1a89:30 1a90-1a99:30 1b50-1b59:30 1bb0-1bb9:30 1c40-1c49:30
  1c50-1c59:30 1c80:432 1c81:434 1c82:43e 1c83-1c84:441 1c85:442 1c86:44a 1c87:463 1c88:a64b 1c89:1c8a
  1c90-1cba:10d0 1cbd-1cbf:10fd 1d00:61 1d03-1d05:62 1d06-1d07:64 1d0a-1d0d:6a 1d0f:6f 1d13:1d11 1d18:70
  1d1b-1d1c:74 1d20-1d21:76 1d22:7a 1d6c:62 1d6d:64 1d6e:66 1d6f-1d70:6d 1d71-1d75/2:70 1d72:72 1d74:73 1d76:7a
  1d7b:69 1d7c:69 1d7d:70 1d7e:75 1d7f:75 1d80:62 1d81:64 1d82-1d83:66 1d84-1d87:6b 1d88:70 1d89-1d8a:72 1d8b:283
  1d8c:76 1d8d:78 1d8e:7a 1d8f:61 1d90:251 1d91-1d92:64 1d93:65 1d94:25c 1d95:65 1d96:69 1d97:6f 1d98:283 1d99:75
  1d9a:7a 1e9c:73 1e9d:73 1e9e:df 1efa:1efb 1efc:76 1efd:76 1efe:79 1eff:79 2132:214e 2183:2184 2c00-2c2f:2c30
  2c60:6c 2c61:6c 2c62:6c 2c63:70 2c64-2c66/2:72 2c65:61 2c67:68 2c68:68 2c69:6b 2c6a:6b 2c6b:7a 2c6c:7a 2c6d:251
  2c6e:6d 2c6f:250 2c70:252 2c71-2c72:76 2c73:77 2c74:76 2c75:2c76 2c78:65 2c79:279 2c7a:6f 2c7e:73 2c7f:7a
  2c80-2ce2/2:2c81 2ceb-2ced/2:2cec 2cf2:2cf3 30a1-30c3/2:3041 30a2-30aa/2:3042 30c4-30ce/2:3064 30cb-30cf/2:306b
  30d2:3072 30d5:3075 30d8:3078 30db:307b 30de-30f3:307e 30f5-30f6:3095 30fd:309d a620-a629:30 a640-a64e/2:a641
  a650:44b a651:44b a652-a66c/2:a653 a680-a688/2:a681 a68a:442 a68b:442 a68c-a69a/2:a68d a722-a72c/2:a723
  a72e:a72d a72f:a72d a730:66 a731:73 a732-a738/2:a733 a73a:a739 a73b:a739 a73c:a73d a73e:2184 a73f:2184 a740:6b
  a741:6b a742:6b a743:6b a744:6b a745-a746:6b a747:6c a748:6c a749:6c a74a:6f a74b:6f a74c:6f a74d:6f a74e:a74f
  a750:70 a751:70 a752:70 a753:70 a754:70 a755-a756:70 a757:71 a758:71 a759:71 a75a-a75c/2:a75b a75e:76 a75f:76
  a760-a76e/2:a761 a771:64 a772-a774:6c a775-a777/2:72 a776:72 a779-a77b/2:64 a77a-a77c/2:64 a77d:1d79
  a77e-a784/2:a77f a786:74 a787:74 a78d:265 a78e-a790/2:6c a791:6e a792:63 a793:63 a794:63 a795:68 a796:62 a797:62
  a798:66 a799:66 a79a-a79e/2:a79b a7a0:67 a7a1:67 a7a2:6b a7a3:6b a7a4:6e a7a5:6e a7a6:72 a7a7-a7a8:72 a7a9:73
  a7aa:68 a7ab:25c a7ac-a7ae/2:67 a7ad:6c a7b0:29e a7b1:287 a7b2:6a a7b3:ab53 a7b4:62 a7b5:62 a7b6:a7b7 a7b8:75
  a7b9:75 a7ba-a7c2/2:a7bb a7c4:63 a7c5:73 a7c6:7a a7c7:64 a7c8:64 a7c9:73 a7ca:73 a7cb:264 a7cc-a7da/2:a7cd
  a7dc:19b a7f1:73 a7f5:a7f6 a8d0-a8d9:30 a900-a909:30 a9d0-a9d9:30 a9f0-a9f9:30 aa50-aa59:30 ab34-ab36/2:65
  ab37:6c ab38:6c ab39-ab3b:6c ab3c:6e ab3e:ab3d ab3f:6f ab41:1d14 ab42:1d14 ab44:ab43 ab46:72 ab49:72 ab4a:ab48
  ab4c:ab4b ab4e:75 ab4f:75 ab52:75 ab54:ab53 ab55:ab53 ab56:78 ab57:78 ab58:78 ab59-ab5a:78 ab66:2a3 ab67:2a6
  ab68:279 abf0-abf9:30 10400-10427:10428 104a0-104a9:30 104b0-104d3:104d8 10570-10594/2:10597 10571-10579/2:10598
  1057d-10589/2:105a4 1058d-10591/2:105b4 10595:105bc 105c9:105d2 105e4:105da 10c80-10cb2:10cc0 10d30-10d39:30
  10d40-10d49:30 10d50-10d65:10d70 11066-1106f:30 110f0-110f9:30 11136-1113f:30 111d0-111d9:30 112f0-112f9:30
  11450-11459:30 114d0-114d9:30 11650-11659:30 116c0-116c9:30 116d0-116d9:30 116da-116e3:30 11730-11739:30
  118a0-118bf:118c0 118e0-118e9:30 11950-11959:30 11bf0-11bf9:30 11c50-11c59:30 11d50-11d59:30 11da0-11da9:30
  11de0-11de9:30 11f50-11f59:30 16130-16139:30 16a60-16a69:30 16ac0-16ac9:30 16b50-16b59:30 16d70-16d79:30
  16e40-16e5f:16e60 16ea0-16eb8:16ebb 1ccd6-1ccef:61 1ccf0-1ccf9:30 1df00:2a9 1df04:6c 1df05:26e 1df06:28e
  1df08:279 1df09:74 1df0a:1c3 1df0b:283 1df0c:283 1df0d:287 1df0e-1df0f:296 1df11:6c 1df12:2a4 1df13:6c 1df14:6e
  1df15:279 1df16:72 1df17:2a7 1df18:7a 1df19:2a4 1df1a:69 1df1b:6f 1df1c:2a7 1df1d:63 1df1e:73 1e030-1e038:430
  1e039-1e03b:43a 1e03c-1e046:43e 1e047:44b 1e048-1e049:44d 1e04a:a689 1e04b:430 1e04c:438 1e04d:458 1e04e:43e
  1e04f:443 1e050:4cf 1e051-1e059:430 1e05a-1e05b:43a 1e05c-1e05d:43e 1e05e:441 1e05f-1e064:443 1e065-1e066:44a
  1e067:433 1e068:438 1e069:455 1e06a:45f 1e06b-1e06d/2:441 1e06c:44b 1e140-1e149:30 1e2f0-1e2f9:30 1e4f0-1e4f9:30
  1e5f1-1e5fa:30 1e900-1e921:1e922 1e950-1e959:30`;
const expansions = `
  df:73+73 e6:61+65 fe:74+68 153:6f+65 276:6f+65 a74f:6f+6f a765:74+68 a767:74+68 11383:11382+113c9
  11385:11384+113bb 1138e:1138b+113c2 11391:11390+113c9 113c5:113c2+113c2 113c7:113c2+113b8 113c8:113c2+113c9
  16121:1611e+1611e 16122:1611e+16129 16123:1611e+1611f 16124:16129+1611f 16125:1611e+16120
  16126:1611e+1611e+1611f 16127:1611e+16129+1611f 16128:1611e+1611e+16120 16d68:16d67+16d67 16d69:16d63+16d67
  16d6a:16d63+16d67+16d67`;

/**
 * Folds by a table of its own, as foldText in libs/kernel does, where the locale of the database decided
 * before: in one of locale C nobody with a letter beyond ASCII was found by another case of it. Letters
 * that do not decompose, marks of every script, apostrophes and dashes are folded as well.
 */
export class FoldedLetters1795421720000 implements MigrationInterface {
  name = 'FoldedLetters1795421720000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(functionOfTheTable());
    await rebuildIndexes(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION fold_text(t text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT btrim(regexp_replace(lower(CASE WHEN octet_length(t) = char_length(t) THEN t
          ELSE translate(regexp_replace(normalize(t, NFKD), '[\\u0300-\\u036f]', '', 'g'), U&'\\03A3\\03C2\\FEFF', U&'\\03C3\\03C3 ')
          END), '[\\s,]+', ' ', 'g'))
      $$`);
    await rebuildIndexes(runner);
  }
}

/**
 * Most names are ASCII. A name whose letters are, once its marks are off, needs no table either. COLLATE
 * "C" keeps the locale out of lower and of regular expressions.
 */
function functionOfTheTable(): string {
  return `
    CREATE OR REPLACE FUNCTION fold_text(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
      BEGIN
        IF octet_length(t) > char_length(t) THEN
          t := regexp_replace(normalize(t, NFKD) COLLATE "C", '[${classOf(vanishing)}]+| ?[${classOf(marks)}]+', '', 'g');
          IF octet_length(t) > char_length(t) THEN
            t := string_agg(coalesce(folded ->> letter, letter), '' ORDER BY place)
              FROM (SELECT '${JSON.stringify(Object.fromEntries(foldedLetters()))}'::jsonb AS folded) AS the_table,
              unnest(string_to_array(t, NULL)) WITH ORDINALITY AS letters (letter, place);
          END IF;
        END IF;
        t := translate(lower(t COLLATE "C"), '-''"\`^.', ' ');
        RETURN btrim(regexp_replace(t COLLATE "C", '[\\u0009-\\u000d ,]+', ' ', 'g'));
      END $$`;
}

/** What the letters beyond ASCII become. */
function foldedLetters(): Map<string, string> {
  const several = new Map(entriesOf(expansions).map(({ first, target }) => [first, String.fromCodePoint(...target)]));
  const all = new Map([...several].map(([code, target]) => [String.fromCodePoint(code), target]));
  for (const {
    first,
    last,
    step,
    target: [start = 0],
  } of entriesOf(letters)) {
    for (let code = first; code <= last; code += step) {
      const becomes = start + code - first;
      all.set(String.fromCodePoint(code), several.get(becomes) ?? String.fromCodePoint(becomes));
    }
  }
  for (const { first, last } of entriesOf(blanks)) {
    for (let code = first; code <= last; code += 1) all.set(String.fromCodePoint(code), ' ');
  }
  return new Map([...all].filter(([letter]) => letter > '\u007f'));
}

/** The inside of a character class of PostgreSQL. */
function classOf(list: string): string {
  const escaped = (code: number) => `\\U${code.toString(16).padStart(8, '0')}`;
  return entriesOf(list)
    .filter(({ first }) => first > 0x7f)
    .map(({ first, last }) => (first === last ? escaped(first) : `${escaped(first)}-${escaped(last)}`))
    .join('');
}

function entriesOf(list: string) {
  const codeOf = (hex: string) => Number.parseInt(hex, 16);
  return list
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [range = '', target = ''] = entry.split(':');
      const [ends = '', step = '1'] = range.split('/');
      const [first = 0, last = first] = ends.split('-').map(codeOf);
      return { first, last, step: Number(step), target: target.split('+').filter(Boolean).map(codeOf) };
    });
}

/** The function gives another text now, so whatever was indexed by it is built again. */
async function rebuildIndexes(runner: QueryRunner): Promise<void> {
  const indexes = (await runner.query(`
    SELECT DISTINCT objid::regclass::text AS name FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_proc'::regclass AND refobjid = 'fold_text(text)'::regprocedure
    ORDER BY 1`)) as { name: string }[];
  for (const { name } of indexes) await runner.query(`REINDEX INDEX ${name}`);
}

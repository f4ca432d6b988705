/**
 * Every bundled scenario under a table of its options: verdicts are the declared ones, and sizes and shortest traces are pinned.
 * A line is: the options, states, transitions, and per property its verdict, its damage and the steps of the trace that is shown.
 * After a change of the model that is meant to change them, `npx vitest run test/models -u` writes the tables anew: read the difference.
 */
import { describe, expect, it } from 'vitest';
import { scenario as failedRefresh } from '../../models/scenarios/failed-refresh.ts';
import { scenario as firstMerge } from '../../models/scenarios/first-merge.ts';
import { scenario as flatcarBoot } from '../../models/scenarios/flatcar-boot.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { scenario as refreshWhileReading } from '../../models/scenarios/refresh-while-reading.ts';
import { scenario as windowWrite } from '../../models/scenarios/window-write.ts';
import { judgeAll } from './variants.ts';

const BOTH = ['257', '262'];
const MODES = ['no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'];

describe('the bundled scenarios', () => {
  it('are all in this file', () => {
    expect(SCENARIOS).toEqual([flatcarBoot, refreshWhileReading, firstMerge, failedRefresh, windowWrite]);
  });

  it('flatcar-boot: which variants of the boot lose a file, a deletion or a write', () => {
    const { lines, surprises } = judgeAll(flatcarBoot, {
      variant: ['S01', 'S02', 'S04', 'S05'],
      skip: ['yes', 'no'],
      upper: ['hierarchy', 'directory'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      S01  yes  hierarchy   104   158  NoVanish holds
      S01  yes  directory    97   145  NoVanish holds
      S01  no   hierarchy   232   388  NoVanish violated transient in 90
      S01  no   directory   307   534  NoVanish violated transient in 88
      S02  yes  hierarchy   236   420  NoVanish violated transient in 71
      S02  yes  directory   316   577  NoVanish violated transient in 68
      S02  no   hierarchy   248   420  NoVanish violated transient in 93
      S02  no   directory   326   572  NoVanish violated transient in 91
      S04  yes  hierarchy   706  1532  NoResurrect violated permanent in 94
      S04  yes  directory  1041  2268  NoResurrect holds
      S04  no   hierarchy   690  1464  NoResurrect violated permanent in 115
      S04  no   directory  1014  2174  NoResurrect holds
      S05  yes  hierarchy   236   420  NoLostWrite holds
      S05  yes  directory   316   577  NoLostWrite violated permanent in 93
      S05  no   hierarchy   248   420  NoLostWrite holds
      S05  no   directory   326   572  NoLostWrite violated permanent in 115
      "
    `);
  });

  it('refresh-while-reading: no mode is without the window, and only the skip avoids it', () => {
    const { lines, surprises } = judgeAll(refreshWhileReading, {
      systemd: BOTH,
      mutable: MODES,
      change: ['extension', 'meanwhile', 'none'],
      submount: ['no', 'file', 'directory'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      257  no                extension  no          35   69  NoVanish violated transient in 17
      257  no                extension  file        45  134  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  no                extension  directory   43  128  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  no                meanwhile  no          96  220  NoVanish violated transient in 14
      257  no                meanwhile  file       126  416  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  no                meanwhile  directory  120  396  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  no                none       no          31   61  NoVanish violated transient in 14
      257  no                none       file        41  122  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  no                none       directory   39  116  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  auto              extension  no          42   83  NoVanish violated transient in 17
      257  auto              extension  file        52  155  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  auto              extension  directory   50  149  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  auto              meanwhile  no         117  269  NoVanish violated transient in 14
      257  auto              meanwhile  file       147  486  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  auto              meanwhile  directory  141  466  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  auto              none       no          38   75  NoVanish violated transient in 14
      257  auto              none       file        48  143  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  auto              none       directory   46  137  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  yes               extension  no          43   85  NoVanish violated transient in 17
      257  yes               extension  file        53  158  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  yes               extension  directory   51  152  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  yes               meanwhile  no         120  276  NoVanish violated transient in 14
      257  yes               meanwhile  file       150  496  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  yes               meanwhile  directory  144  476  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  yes               none       no          39   77  NoVanish violated transient in 14
      257  yes               none       file        49  146  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  yes               none       directory   47  140  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  import            extension  no          37   73  NoVanish violated transient in 17
      257  import            extension  file        47  140  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  import            extension  directory   45  134  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  import            meanwhile  no         102  234  NoVanish violated transient in 14
      257  import            meanwhile  file       132  436  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  import            meanwhile  directory  126  416  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  import            none       no          33   65  NoVanish violated transient in 14
      257  import            none       file        43  128  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  import            none       directory   41  122  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  ephemeral         extension  no          39   77  NoVanish violated transient in 17
      257  ephemeral         extension  file        49  146  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  ephemeral         extension  directory   47  140  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  ephemeral         meanwhile  no         108  248  NoVanish violated transient in 14
      257  ephemeral         meanwhile  file       138  456  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  ephemeral         meanwhile  directory  132  436  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  ephemeral         none       no          35   69  NoVanish violated transient in 14
      257  ephemeral         none       file        45  134  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  ephemeral         none       directory   43  128  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  ephemeral-import  extension  no          40   79  NoVanish violated transient in 17
      257  ephemeral-import  extension  file        50  149  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  ephemeral-import  extension  directory   48  143  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  ephemeral-import  meanwhile  no         111  255  NoVanish violated transient in 14
      257  ephemeral-import  meanwhile  file       141  466  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  ephemeral-import  meanwhile  directory  135  446  NoVanish violated transient in 17, SubmountStable violated transient in 16
      257  ephemeral-import  none       no          36   71  NoVanish violated transient in 14
      257  ephemeral-import  none       file        46  137  NoVanish violated transient in 19, SubmountStable violated transient in 17
      257  ephemeral-import  none       directory   44  131  NoVanish violated transient in 17, SubmountStable violated transient in 16
      262  no                extension  no          39   77  NoVanish violated transient in 19
      262  no                extension  file        51  152  NoVanish violated transient in 25, SubmountStable violated transient in 23
      262  no                extension  directory   49  146  NoVanish violated transient in 23, SubmountStable violated transient in 22
      262  no                meanwhile  no          62  133  NoVanish violated transient in 20
      262  no                meanwhile  file        74  231  NoVanish violated transient in 26, SubmountStable violated transient in 24
      262  no                meanwhile  directory   72  225  NoVanish violated transient in 24, SubmountStable violated transient in 23
      262  no                none       no          12   23  NoVanish holds
      262  no                none       file        12   35  NoVanish holds, SubmountStable holds
      262  no                none       directory   12   35  NoVanish holds, SubmountStable holds
      262  auto              extension  no          48   95  NoVanish violated transient in 21
      262  auto              extension  file        60  179  NoVanish violated transient in 27, SubmountStable violated transient in 25
      262  auto              extension  directory   58  173  NoVanish violated transient in 25, SubmountStable violated transient in 24
      262  auto              meanwhile  no          75  161  NoVanish violated transient in 22
      262  auto              meanwhile  file        87  272  NoVanish violated transient in 28, SubmountStable violated transient in 26
      262  auto              meanwhile  directory   85  266  NoVanish violated transient in 26, SubmountStable violated transient in 25
      262  auto              none       no          14   27  NoVanish holds
      262  auto              none       file        14   41  NoVanish holds, SubmountStable holds
      262  auto              none       directory   14   41  NoVanish holds, SubmountStable holds
      262  yes               extension  no          54  107  NoVanish violated transient in 24
      262  yes               extension  file        66  197  NoVanish violated transient in 30, SubmountStable violated transient in 28
      262  yes               extension  directory   64  191  NoVanish violated transient in 28, SubmountStable violated transient in 27
      262  yes               meanwhile  no          87  188  NoVanish violated transient in 25
      262  yes               meanwhile  file        99  311  NoVanish violated transient in 31, SubmountStable violated transient in 29
      262  yes               meanwhile  directory   97  305  NoVanish violated transient in 29, SubmountStable violated transient in 28
      262  yes               none       no          17   33  NoVanish holds
      262  yes               none       file        17   50  NoVanish holds, SubmountStable holds
      262  yes               none       directory   17   50  NoVanish holds, SubmountStable holds
      262  import            extension  no          42   83  NoVanish violated transient in 20
      262  import            extension  file        54  161  NoVanish violated transient in 26, SubmountStable violated transient in 24
      262  import            extension  directory   52  155  NoVanish violated transient in 24, SubmountStable violated transient in 23
      262  import            meanwhile  no          67  144  NoVanish violated transient in 21
      262  import            meanwhile  file        79  247  NoVanish violated transient in 27, SubmountStable violated transient in 25
      262  import            meanwhile  directory   77  241  NoVanish violated transient in 25, SubmountStable violated transient in 24
      262  import            none       no          13   25  NoVanish holds
      262  import            none       file        13   38  NoVanish holds, SubmountStable holds
      262  import            none       directory   13   38  NoVanish holds, SubmountStable holds
      262  ephemeral         extension  no          48   95  NoVanish violated transient in 22
      262  ephemeral         extension  file        60  179  NoVanish violated transient in 28, SubmountStable violated transient in 26
      262  ephemeral         extension  directory   58  173  NoVanish violated transient in 26, SubmountStable violated transient in 25
      262  ephemeral         meanwhile  no          77  166  NoVanish violated transient in 23
      262  ephemeral         meanwhile  file        89  279  NoVanish violated transient in 29, SubmountStable violated transient in 27
      262  ephemeral         meanwhile  directory   87  273  NoVanish violated transient in 27, SubmountStable violated transient in 26
      262  ephemeral         none       no          15   29  NoVanish holds
      262  ephemeral         none       file        15   44  NoVanish holds, SubmountStable holds
      262  ephemeral         none       directory   15   44  NoVanish holds, SubmountStable holds
      262  ephemeral-import  extension  no          49   97  NoVanish violated transient in 22
      262  ephemeral-import  extension  file        61  182  NoVanish violated transient in 28, SubmountStable violated transient in 26
      262  ephemeral-import  extension  directory   59  176  NoVanish violated transient in 26, SubmountStable violated transient in 25
      262  ephemeral-import  meanwhile  no          78  168  NoVanish violated transient in 23
      262  ephemeral-import  meanwhile  file        90  282  NoVanish violated transient in 29, SubmountStable violated transient in 27
      262  ephemeral-import  meanwhile  directory   88  276  NoVanish violated transient in 27, SubmountStable violated transient in 26
      262  ephemeral-import  none       no          15   29  NoVanish holds
      262  ephemeral-import  none       file        15   44  NoVanish holds, SubmountStable holds
      262  ephemeral-import  none       directory   15   44  NoVanish holds, SubmountStable holds
      "
    `);
  });

  it('first-merge: the first merge has a window, too, for what is mounted below /etc', () => {
    const { lines, surprises } = judgeAll(firstMerge, {
      systemd: BOTH,
      mutable: MODES,
      'mutable-dir': ['missing', 'directory', 'hierarchy'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      257  no                missing    61  121  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  no                directory  61  121  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  no                hierarchy  61  121  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  auto              missing    62  123  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  auto              directory  68  135  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  auto              hierarchy  67  133  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  yes               missing    68  135  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  yes               directory  69  137  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  yes               hierarchy  68  135  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  import            missing    63  125  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  import            directory  63  125  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  import            hierarchy  29   57  NoVanish holds, NoWrongWinner violated permanent in 22, SubmountStable violated permanent in 21, HostRestored holds, FailureAtomic violated permanent in 21
      257  ephemeral         missing    65  129  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  ephemeral         directory  65  129  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  ephemeral         hierarchy  65  129  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  ephemeral-import  missing    66  131  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  ephemeral-import  directory  66  131  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  ephemeral-import  hierarchy  29   57  NoVanish holds, NoWrongWinner violated permanent in 22, SubmountStable violated permanent in 21, HostRestored holds, FailureAtomic violated permanent in 21
      262  no                missing    67  133  NoVanish holds, NoWrongWinner violated transient in 18, SubmountStable violated transient in 17, HostRestored holds
      262  no                directory  67  133  NoVanish holds, NoWrongWinner violated transient in 18, SubmountStable violated transient in 17, HostRestored holds
      262  no                hierarchy  67  133  NoVanish holds, NoWrongWinner violated transient in 18, SubmountStable violated transient in 17, HostRestored holds
      262  auto              missing    69  137  NoVanish holds, NoWrongWinner violated transient in 19, SubmountStable violated transient in 18, HostRestored holds
      262  auto              directory  76  151  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      262  auto              hierarchy  74  147  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      262  yes               missing    81  161  NoVanish holds, NoWrongWinner violated transient in 22, SubmountStable violated transient in 21, HostRestored holds
      262  yes               directory  82  163  NoVanish holds, NoWrongWinner violated transient in 23, SubmountStable violated transient in 22, HostRestored holds
      262  yes               hierarchy  80  159  NoVanish holds, NoWrongWinner violated transient in 23, SubmountStable violated transient in 22, HostRestored holds
      262  import            missing    70  139  NoVanish holds, NoWrongWinner violated transient in 19, SubmountStable violated transient in 18, HostRestored holds
      262  import            directory  70  139  NoVanish holds, NoWrongWinner violated transient in 19, SubmountStable violated transient in 18, HostRestored holds
      262  import            hierarchy  31   61  NoVanish holds, NoWrongWinner violated permanent in 24, SubmountStable violated permanent in 23, HostRestored holds, FailureAtomic violated permanent in 23
      262  ephemeral         missing    76  151  NoVanish holds, NoWrongWinner violated transient in 21, SubmountStable violated transient in 20, HostRestored holds
      262  ephemeral         directory  76  151  NoVanish holds, NoWrongWinner violated transient in 21, SubmountStable violated transient in 20, HostRestored holds
      262  ephemeral         hierarchy  76  151  NoVanish holds, NoWrongWinner violated transient in 21, SubmountStable violated transient in 20, HostRestored holds
      262  ephemeral-import  missing    77  153  NoVanish holds, NoWrongWinner violated transient in 21, SubmountStable violated transient in 20, HostRestored holds
      262  ephemeral-import  directory  77  153  NoVanish holds, NoWrongWinner violated transient in 21, SubmountStable violated transient in 20, HostRestored holds
      262  ephemeral-import  hierarchy  35   69  NoVanish holds, NoWrongWinner violated permanent in 28, SubmountStable violated permanent in 27, HostRestored holds, FailureAtomic violated permanent in 27
      "
    `);
  });

  it('first-merge: only an upper that is /etc itself leaves a whiteout behind', () => {
    const { lines, surprises } = judgeAll(firstMerge, {
      systemd: BOTH,
      mutable: ['no', 'yes', 'ephemeral'],
      'mutable-dir': ['directory', 'hierarchy'],
      delete: ['yes'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      257  no         directory  yes  62  123  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  no         hierarchy  yes  62  123  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  yes        directory  yes  70  139  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  yes        hierarchy  yes  69  137  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored violated permanent in 68
      257  ephemeral  directory  yes  66  131  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      257  ephemeral  hierarchy  yes  66  131  NoVanish holds, NoWrongWinner violated transient in 17, SubmountStable violated transient in 16, HostRestored holds
      262  no         directory  yes  68  135  NoVanish holds, NoWrongWinner violated transient in 18, SubmountStable violated transient in 17, HostRestored holds
      262  no         hierarchy  yes  68  135  NoVanish holds, NoWrongWinner violated transient in 18, SubmountStable violated transient in 17, HostRestored holds
      262  yes        directory  yes  83  165  NoVanish holds, NoWrongWinner violated transient in 23, SubmountStable violated transient in 22, HostRestored holds
      262  yes        hierarchy  yes  81  161  NoVanish holds, NoWrongWinner violated transient in 23, SubmountStable violated transient in 22, HostRestored violated permanent in 80
      262  ephemeral  directory  yes  77  153  NoVanish holds, NoWrongWinner violated transient in 21, SubmountStable violated transient in 20, HostRestored holds
      262  ephemeral  hierarchy  yes  77  153  NoVanish holds, NoWrongWinner violated transient in 21, SubmountStable violated transient in 20, HostRestored holds
      "
    `);
  });

  it('failed-refresh: what a refresh leaves behind that cannot go on', () => {
    const { lines, surprises } = judgeAll(failedRefresh, {
      systemd: BOTH,
      mutable: MODES,
      cause: ['mode', 'call', 'kill'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      257  no                mode  35   69  FailureAtomic vacuous, NoVanish violated transient in 17
      257  no                call  61  142  FailureAtomic violated permanent in 23, NoVanish violated permanent in 24
      257  no                kill  38  105  FailureAtomic violated permanent in 17, NoVanish violated permanent in 18
      257  auto              mode  23   45  FailureAtomic violated permanent in 22, NoVanish violated permanent in 23
      257  auto              call  75  171  FailureAtomic violated permanent in 18, NoVanish violated permanent in 19
      257  auto              kill  48  129  FailureAtomic violated permanent in 17, NoVanish violated permanent in 18
      257  yes               mode  23   45  FailureAtomic violated permanent in 22, NoVanish violated permanent in 23
      257  yes               call  77  176  FailureAtomic violated permanent in 18, NoVanish violated permanent in 19
      257  yes               kill  49  132  FailureAtomic violated permanent in 17, NoVanish violated permanent in 18
      257  import            mode  37   73  FailureAtomic vacuous, NoVanish violated transient in 17
      257  import            call  63  146  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      257  import            kill  40  111  FailureAtomic violated permanent in 17, NoVanish violated permanent in 18
      257  ephemeral         mode  39   77  FailureAtomic vacuous, NoVanish violated transient in 17
      257  ephemeral         call  69  160  FailureAtomic violated permanent in 21, NoVanish violated permanent in 22
      257  ephemeral         kill  43  118  FailureAtomic violated permanent in 17, NoVanish violated permanent in 18
      257  ephemeral-import  mode  40   79  FailureAtomic vacuous, NoVanish violated transient in 17
      257  ephemeral-import  call  70  162  FailureAtomic violated permanent in 21, NoVanish violated permanent in 22
      257  ephemeral-import  kill  44  121  FailureAtomic violated permanent in 17, NoVanish violated permanent in 18
      262  no                mode  39   77  FailureAtomic vacuous, NoVanish violated transient in 19
      262  no                call  67  156  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      262  no                kill  42  117  FailureAtomic violated permanent in 19, NoVanish violated permanent in 20
      262  auto              mode  15   29  FailureAtomic holds, NoVanish holds
      262  auto              call  83  189  FailureAtomic violated permanent in 22, NoVanish violated permanent in 23
      262  auto              kill  54  147  FailureAtomic violated permanent in 21, NoVanish violated permanent in 22
      262  yes               mode  15   29  FailureAtomic holds, NoVanish holds
      262  yes               call  93  213  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      262  yes               kill  60  165  FailureAtomic violated permanent in 24, NoVanish violated permanent in 25
      262  import            mode  42   83  FailureAtomic vacuous, NoVanish violated transient in 20
      262  import            call  70  162  FailureAtomic violated permanent in 28, NoVanish violated permanent in 29
      262  import            kill  45  126  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      262  ephemeral         mode  48   95  FailureAtomic vacuous, NoVanish violated transient in 22
      262  ephemeral         call  83  193  FailureAtomic violated permanent in 26, NoVanish violated permanent in 27
      262  ephemeral         kill  52  145  FailureAtomic violated permanent in 22, NoVanish violated permanent in 23
      262  ephemeral-import  mode  49   97  FailureAtomic vacuous, NoVanish violated transient in 22
      262  ephemeral-import  call  84  195  FailureAtomic violated permanent in 26, NoVanish violated permanent in 27
      262  ephemeral-import  kill  53  148  FailureAtomic violated permanent in 22, NoVanish violated permanent in 23
      "
    `);
  });

  it('window-write: what becomes of writes that fall into the window', () => {
    const { lines, surprises } = judgeAll(windowWrite, {
      systemd: BOTH,
      mutable: ['auto', 'yes'],
      actor: ['create', 'edit', 'overwrite', 'delete', 'descriptor', 'inside', 'inside-edit'],
      upper: ['directory', 'hierarchy'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      257  auto  create       directory  138  201  NoWrongWinner violated transient in 18, NoLostWrite violated permanent in 43
      257  auto  create       hierarchy  134  195  NoWrongWinner violated permanent in 42, NoLostWrite holds
      257  auto  edit         directory  251  353  NoLostWrite violated permanent in 43
      257  auto  edit         hierarchy  167  245  NoLostWrite holds
      257  auto  overwrite    directory  112  150  NoLostWrite violated permanent in 42
      257  auto  overwrite    hierarchy   84  122  NoLostWrite holds
      257  auto  delete       directory  151  189  NoResurrect holds
      257  auto  delete       hierarchy  147  184  NoResurrect violated permanent in 41
      257  auto  descriptor   directory  156  236  NoLostWrite holds
      257  auto  descriptor   hierarchy  152  255  NoLostWrite holds
      257  auto  inside       directory  182  287  NoLostWrite holds
      257  auto  inside       hierarchy  152  255  NoLostWrite holds
      257  auto  inside-edit  directory  207  311  NoLostWrite violated permanent in 43
      257  auto  inside-edit  hierarchy  176  278  NoLostWrite holds
      257  yes   create       directory  142  207  NoWrongWinner violated transient in 18, NoLostWrite violated permanent in 44
      257  yes   create       hierarchy  138  201  NoWrongWinner violated permanent in 43, NoLostWrite holds
      257  yes   edit         directory  258  363  NoLostWrite violated permanent in 44
      257  yes   edit         hierarchy  171  251  NoLostWrite holds
      257  yes   overwrite    directory  115  154  NoLostWrite violated permanent in 43
      257  yes   overwrite    hierarchy   86  125  NoLostWrite holds
      257  yes   delete       directory  155  194  NoResurrect holds
      257  yes   delete       hierarchy  151  189  NoResurrect violated permanent in 42
      257  yes   descriptor   directory  160  242  NoLostWrite holds
      257  yes   descriptor   hierarchy  156  262  NoLostWrite holds
      257  yes   inside       directory  187  295  NoLostWrite holds
      257  yes   inside       hierarchy  156  262  NoLostWrite holds
      257  yes   inside-edit  directory  213  320  NoLostWrite violated permanent in 44
      257  yes   inside-edit  hierarchy  181  286  NoLostWrite holds
      262  auto  create       directory  154  225  NoWrongWinner violated transient in 22, NoLostWrite violated permanent in 49
      262  auto  create       hierarchy  146  213  NoWrongWinner violated permanent in 47, NoLostWrite holds
      262  auto  edit         directory  281  397  NoLostWrite violated permanent in 49
      262  auto  edit         hierarchy  187  275  NoLostWrite holds
      262  auto  overwrite    directory  126  170  NoLostWrite violated permanent in 48
      262  auto  overwrite    hierarchy   94  137  NoLostWrite holds
      262  auto  delete       directory  171  215  NoResurrect holds
      262  auto  delete       hierarchy  163  205  NoResurrect violated permanent in 46
      262  auto  descriptor   directory  176  268  NoLostWrite holds
      262  auto  descriptor   hierarchy  168  282  NoLostWrite holds
      262  auto  inside       directory  204  323  NoLostWrite holds
      262  auto  inside       hierarchy  168  282  NoLostWrite holds
      262  auto  inside-edit  directory  231  349  NoLostWrite violated permanent in 49
      262  auto  inside-edit  hierarchy  193  306  NoLostWrite holds
      262  yes   create       directory  172  252  NoWrongWinner violated transient in 25, NoLostWrite violated permanent in 55
      262  yes   create       hierarchy  164  240  NoWrongWinner violated permanent in 53, NoLostWrite holds
      262  yes   edit         directory  314  445  NoLostWrite violated permanent in 55
      262  yes   edit         hierarchy  211  311  NoLostWrite holds
      262  yes   overwrite    directory  141  191  NoLostWrite violated permanent in 54
      262  yes   overwrite    hierarchy  106  155  NoLostWrite holds
      262  yes   delete       directory  192  242  NoResurrect holds
      262  yes   delete       hierarchy  184  232  NoResurrect violated permanent in 52
      262  yes   descriptor   directory  197  301  NoLostWrite holds
      262  yes   descriptor   hierarchy  189  318  NoLostWrite holds
      262  yes   inside       directory  228  362  NoLostWrite holds
      262  yes   inside       hierarchy  189  318  NoLostWrite holds
      262  yes   inside-edit  directory  258  391  NoLostWrite violated permanent in 55
      262  yes   inside-edit  hierarchy  217  345  NoLostWrite holds
      "
    `);
  });
});

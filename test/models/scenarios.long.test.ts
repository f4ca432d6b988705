/**
 * Every bundled scenario under a table of its options: verdicts are the declared ones, and sizes and shortest traces are pinned.
 * A line is: the options, states, transitions, and per property its verdict, its damage and the steps of the trace that is shown.
 * After a change of the model that is meant to change them, `npx vitest run test/models -u` writes the tables anew: read the difference.
 */
import { describe, expect, it } from 'vitest';
import { scenario as bothClasses } from '../../models/scenarios/both-classes.ts';
import { scenario as failedRefresh } from '../../models/scenarios/failed-refresh.ts';
import { scenario as firstMerge } from '../../models/scenarios/first-merge.ts';
import { scenario as flatcarBoot } from '../../models/scenarios/flatcar-boot.ts';
import { SCENARIOS } from '../../models/scenarios/index.ts';
import { scenario as otherNamespaces } from '../../models/scenarios/other-namespaces.ts';
import { PAIRS, scenario as parallelRuns } from '../../models/scenarios/parallel-runs.ts';
import { scenario as refreshWhileReading } from '../../models/scenarios/refresh-while-reading.ts';
import { scenario as windowWrite } from '../../models/scenarios/window-write.ts';
import { judgeAll } from './variants.ts';

const BOTH = ['257', '262'];
const MODES = ['no', 'auto', 'yes', 'import', 'ephemeral', 'ephemeral-import'];

describe('the bundled scenarios', () => {
  it('are all in this file', () => {
    expect(SCENARIOS).toEqual([
      flatcarBoot,
      refreshWhileReading,
      firstMerge,
      failedRefresh,
      windowWrite,
      parallelRuns,
      otherNamespaces,
      bothClasses,
    ]);
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
      S01  yes  hierarchy   115   173  NoVanish holds
      S01  yes  directory   107   159  NoVanish holds
      S01  no   hierarchy   270   452  NoVanish violated transient in 105
      S01  no   directory   346   602  NoVanish violated transient in 101
      S02  yes  hierarchy   265   471  NoVanish violated transient in 80
      S02  yes  directory   347   633  NoVanish violated transient in 76
      S02  no   hierarchy   286   484  NoVanish violated transient in 108
      S02  no   directory   365   640  NoVanish violated transient in 104
      S04  yes  hierarchy   793  1721  NoResurrect violated permanent in 106
      S04  yes  directory  1139  2483  NoResurrect holds
      S04  no   hierarchy   794  1686  NoResurrect violated permanent in 133
      S04  no   directory  1128  2421  NoResurrect holds
      S05  yes  hierarchy   265   471  NoLostWrite holds
      S05  yes  directory   347   633  NoLostWrite violated permanent in 103
      S05  no   hierarchy   286   484  NoLostWrite holds
      S05  no   directory   365   640  NoLostWrite violated permanent in 130
      "
    `);
  });

  it('flatcar-boot: what becomes of it by how the overlay is replaced', () => {
    const { lines, surprises } = judgeAll(flatcarBoot, {
      systemd: ['262', 'atomic', 'plain', 'beneath'],
      variant: ['S01', 'S02', 'S04', 'S05'],
      upper: ['hierarchy', 'directory'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
          262  S01  hierarchy   133   203  NoVanish holds
          262  S01  directory   127   191  NoVanish holds
          262  S02  hierarchy   283   501  NoVanish violated transient in 89
          262  S02  directory   381   693  NoVanish violated transient in 87
          262  S04  hierarchy   835  1811  NoResurrect violated permanent in 115
          262  S04  directory  1239  2701  NoResurrect holds
          262  S05  hierarchy   283   501  NoLostWrite holds
          262  S05  directory   381   693  NoLostWrite violated permanent in 116
      atomic   S01  hierarchy   136   206  NoVanish holds
      atomic   S01  directory   130   194  NoVanish holds
      atomic   S02  hierarchy   315   562  NoVanish holds
      atomic   S02  directory   317   566  NoVanish holds
      atomic   S04  hierarchy   803  1779  NoResurrect holds
      atomic   S04  directory   815  1805  NoResurrect holds
      atomic   S05  hierarchy   315   562  NoLostWrite holds
      atomic   S05  directory   317   566  NoLostWrite holds
      plain    S01  hierarchy   127   197  NoVanish holds
      plain    S01  directory   120   184  NoVanish holds
      plain    S02  hierarchy   247   437  NoVanish violated transient in 82
      plain    S02  directory   330   600  NoVanish violated transient in 79
      plain    S04  hierarchy   713  1551  NoResurrect violated permanent in 103
      plain    S04  directory  1060  2314  NoResurrect holds
      plain    S05  hierarchy   247   437  NoLostWrite holds
      plain    S05  directory   330   600  NoLostWrite violated permanent in 102
      beneath  S01  hierarchy   134   204  NoVanish holds
      beneath  S01  directory   128   192  NoVanish holds
      beneath  S02  hierarchy   299   532  NoVanish holds
      beneath  S02  directory   301   536  NoVanish holds
      beneath  S04  hierarchy   848  1851  NoResurrect holds
      beneath  S04  directory   868  1893  NoResurrect holds
      beneath  S05  hierarchy   299   532  NoLostWrite holds
      beneath  S05  directory   301   536  NoLostWrite holds
      "
    `);
  });

  it('refresh-while-reading: a swap has no window, and carries only the submounts that somebody has cloned', () => {
    const { lines, surprises } = judgeAll(refreshWhileReading, {
      systemd: ['atomic', 'plain', 'beneath'],
      mutable: ['no', 'yes', 'ephemeral'],
      submount: ['no', 'file', 'directory'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      atomic   no         no         50   99  NoVanish holds
      atomic   no         file       55  164  NoVanish holds, SubmountStable holds
      atomic   no         directory  54  161  NoVanish holds, SubmountStable holds
      atomic   yes        no         64  127  NoVanish holds
      atomic   yes        file       69  206  NoVanish holds, SubmountStable holds
      atomic   yes        directory  68  203  NoVanish holds, SubmountStable holds
      atomic   ephemeral  no         58  115  NoVanish holds
      atomic   ephemeral  file       63  188  NoVanish holds, SubmountStable holds
      atomic   ephemeral  directory  62  185  NoVanish holds, SubmountStable holds
      plain    no         no         38   75  NoVanish violated transient in 21
      plain    no         file       38  113  NoVanish violated transient in 21, SubmountStable violated permanent in 37
      plain    no         directory  38  113  NoVanish violated transient in 21, SubmountStable violated permanent in 37
      plain    yes        no         51  101  NoVanish violated transient in 25
      plain    yes        file       51  152  NoVanish violated transient in 25, SubmountStable violated permanent in 50
      plain    yes        directory  51  152  NoVanish violated transient in 25, SubmountStable violated permanent in 50
      plain    ephemeral  no         45   89  NoVanish violated transient in 23
      plain    ephemeral  file       45  134  NoVanish violated transient in 23, SubmountStable violated permanent in 44
      plain    ephemeral  directory  45  134  NoVanish violated transient in 23, SubmountStable violated permanent in 44
      beneath  no         no         49   97  NoVanish holds
      beneath  no         file       49  146  NoVanish holds, SubmountStable violated permanent in 48
      beneath  no         directory  49  146  NoVanish holds, SubmountStable violated permanent in 48
      beneath  yes        no         61  121  NoVanish holds
      beneath  yes        file       61  182  NoVanish holds, SubmountStable violated permanent in 60
      beneath  yes        directory  61  182  NoVanish holds, SubmountStable violated permanent in 60
      beneath  ephemeral  no         56  111  NoVanish holds
      beneath  ephemeral  file       56  167  NoVanish holds, SubmountStable violated permanent in 55
      beneath  ephemeral  directory  56  167  NoVanish holds, SubmountStable violated permanent in 55
      "
    `);
  });

  it('refresh-while-reading: on a kernel before 6.5 a swap is refused, or falls back to a window', () => {
    const { lines, surprises } = judgeAll(refreshWhileReading, {
      systemd: ['atomic', 'beneath'],
      kernelBeneath: ['no'],
      submount: ['no', 'file', 'directory'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      atomic   no  no         50   99  NoVanish violated transient in 46
      atomic   no  file       55  164  NoVanish violated transient in 51, SubmountStable violated transient in 50
      atomic   no  directory  54  161  NoVanish violated transient in 50, SubmountStable violated transient in 49
      beneath  no  no         45   89  NoVanish holds
      beneath  no  file       45  134  NoVanish holds, SubmountStable holds
      beneath  no  directory  45  134  NoVanish holds, SubmountStable holds
      "
    `);
  });

  it('refresh-while-reading: a mount that is made while the refresh runs is lost in every version', () => {
    const { lines, surprises } = judgeAll(refreshWhileReading, {
      systemd: ['257', '262', 'atomic', 'plain', 'beneath'],
      submount: ['meanwhile'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
          257  meanwhile  134  303  NoVanish violated transient in 20, SubmountStable violated permanent in 40
          262  meanwhile  152  344  NoVanish violated transient in 22, SubmountStable violated permanent in 45
      atomic   meanwhile  138  322  NoVanish holds, SubmountStable violated permanent in 50
      plain    meanwhile  104  242  NoVanish violated transient in 21, SubmountStable violated permanent in 38
      beneath  meanwhile  102  250  NoVanish holds, SubmountStable violated permanent in 49
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
      257  no                extension  no          40   79  NoVanish violated transient in 20
      257  no                extension  file        50  149  NoVanish violated transient in 25, SubmountStable violated transient in 23
      257  no                extension  directory   48  143  NoVanish violated transient in 23, SubmountStable violated transient in 22
      257  no                meanwhile  no         111  255  NoVanish violated transient in 17
      257  no                meanwhile  file       141  466  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  no                meanwhile  directory  135  446  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  no                none       no          36   71  NoVanish violated transient in 17
      257  no                none       file        46  137  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  no                none       directory   44  131  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  auto              extension  no          47   93  NoVanish violated transient in 20
      257  auto              extension  file        57  170  NoVanish violated transient in 25, SubmountStable violated transient in 23
      257  auto              extension  directory   55  164  NoVanish violated transient in 23, SubmountStable violated transient in 22
      257  auto              meanwhile  no         132  304  NoVanish violated transient in 17
      257  auto              meanwhile  file       162  536  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  auto              meanwhile  directory  156  516  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  auto              none       no          43   85  NoVanish violated transient in 17
      257  auto              none       file        53  158  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  auto              none       directory   51  152  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  yes               extension  no          48   95  NoVanish violated transient in 20
      257  yes               extension  file        58  173  NoVanish violated transient in 25, SubmountStable violated transient in 23
      257  yes               extension  directory   56  167  NoVanish violated transient in 23, SubmountStable violated transient in 22
      257  yes               meanwhile  no         135  311  NoVanish violated transient in 17
      257  yes               meanwhile  file       165  546  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  yes               meanwhile  directory  159  526  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  yes               none       no          44   87  NoVanish violated transient in 17
      257  yes               none       file        54  161  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  yes               none       directory   52  155  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  import            extension  no          41   81  NoVanish violated transient in 20
      257  import            extension  file        51  152  NoVanish violated transient in 25, SubmountStable violated transient in 23
      257  import            extension  directory   49  146  NoVanish violated transient in 23, SubmountStable violated transient in 22
      257  import            meanwhile  no         114  262  NoVanish violated transient in 17
      257  import            meanwhile  file       144  476  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  import            meanwhile  directory  138  456  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  import            none       no          37   73  NoVanish violated transient in 17
      257  import            none       file        47  140  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  import            none       directory   45  134  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  ephemeral         extension  no          44   87  NoVanish violated transient in 20
      257  ephemeral         extension  file        54  161  NoVanish violated transient in 25, SubmountStable violated transient in 23
      257  ephemeral         extension  directory   52  155  NoVanish violated transient in 23, SubmountStable violated transient in 22
      257  ephemeral         meanwhile  no         123  283  NoVanish violated transient in 17
      257  ephemeral         meanwhile  file       153  506  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  ephemeral         meanwhile  directory  147  486  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  ephemeral         none       no          40   79  NoVanish violated transient in 17
      257  ephemeral         none       file        50  149  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  ephemeral         none       directory   48  143  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  ephemeral-import  extension  no          45   89  NoVanish violated transient in 20
      257  ephemeral-import  extension  file        55  164  NoVanish violated transient in 25, SubmountStable violated transient in 23
      257  ephemeral-import  extension  directory   53  158  NoVanish violated transient in 23, SubmountStable violated transient in 22
      257  ephemeral-import  meanwhile  no         126  290  NoVanish violated transient in 17
      257  ephemeral-import  meanwhile  file       156  516  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  ephemeral-import  meanwhile  directory  150  496  NoVanish violated transient in 20, SubmountStable violated transient in 19
      257  ephemeral-import  none       no          41   81  NoVanish violated transient in 17
      257  ephemeral-import  none       file        51  152  NoVanish violated transient in 22, SubmountStable violated transient in 20
      257  ephemeral-import  none       directory   49  146  NoVanish violated transient in 20, SubmountStable violated transient in 19
      262  no                extension  no          45   89  NoVanish violated transient in 22
      262  no                extension  file        57  170  NoVanish violated transient in 28, SubmountStable violated transient in 26
      262  no                extension  directory   55  164  NoVanish violated transient in 26, SubmountStable violated transient in 25
      262  no                meanwhile  no          72  155  NoVanish violated transient in 23
      262  no                meanwhile  file        84  263  NoVanish violated transient in 29, SubmountStable violated transient in 27
      262  no                meanwhile  directory   82  257  NoVanish violated transient in 27, SubmountStable violated transient in 26
      262  no                none       no          14   27  NoVanish holds
      262  no                none       file        14   41  NoVanish holds, SubmountStable holds
      262  no                none       directory   14   41  NoVanish holds, SubmountStable holds
      262  auto              extension  no          54  107  NoVanish violated transient in 24
      262  auto              extension  file        66  197  NoVanish violated transient in 30, SubmountStable violated transient in 28
      262  auto              extension  directory   64  191  NoVanish violated transient in 28, SubmountStable violated transient in 27
      262  auto              meanwhile  no          85  183  NoVanish violated transient in 25
      262  auto              meanwhile  file        97  304  NoVanish violated transient in 31, SubmountStable violated transient in 29
      262  auto              meanwhile  directory   95  298  NoVanish violated transient in 29, SubmountStable violated transient in 28
      262  auto              none       no          16   31  NoVanish holds
      262  auto              none       file        16   47  NoVanish holds, SubmountStable holds
      262  auto              none       directory   16   47  NoVanish holds, SubmountStable holds
      262  yes               extension  no          58  115  NoVanish violated transient in 26
      262  yes               extension  file        70  209  NoVanish violated transient in 32, SubmountStable violated transient in 30
      262  yes               extension  directory   68  203  NoVanish violated transient in 30, SubmountStable violated transient in 29
      262  yes               meanwhile  no          93  201  NoVanish violated transient in 27
      262  yes               meanwhile  file       105  330  NoVanish violated transient in 33, SubmountStable violated transient in 31
      262  yes               meanwhile  directory  103  324  NoVanish violated transient in 31, SubmountStable violated transient in 30
      262  yes               none       no          18   35  NoVanish holds
      262  yes               none       file        18   53  NoVanish holds, SubmountStable holds
      262  yes               none       directory   18   53  NoVanish holds, SubmountStable holds
      262  import            extension  no          47   93  NoVanish violated transient in 23
      262  import            extension  file        59  176  NoVanish violated transient in 29, SubmountStable violated transient in 27
      262  import            extension  directory   57  170  NoVanish violated transient in 27, SubmountStable violated transient in 26
      262  import            meanwhile  no          76  164  NoVanish violated transient in 24
      262  import            meanwhile  file        88  276  NoVanish violated transient in 30, SubmountStable violated transient in 28
      262  import            meanwhile  directory   86  270  NoVanish violated transient in 28, SubmountStable violated transient in 27
      262  import            none       no          15   29  NoVanish holds
      262  import            none       file        15   44  NoVanish holds, SubmountStable holds
      262  import            none       directory   15   44  NoVanish holds, SubmountStable holds
      262  ephemeral         extension  no          52  103  NoVanish violated transient in 24
      262  ephemeral         extension  file        64  191  NoVanish violated transient in 30, SubmountStable violated transient in 28
      262  ephemeral         extension  directory   62  185  NoVanish violated transient in 28, SubmountStable violated transient in 27
      262  ephemeral         meanwhile  no          83  179  NoVanish violated transient in 25
      262  ephemeral         meanwhile  file        95  298  NoVanish violated transient in 31, SubmountStable violated transient in 29
      262  ephemeral         meanwhile  directory   93  292  NoVanish violated transient in 29, SubmountStable violated transient in 28
      262  ephemeral         none       no          16   31  NoVanish holds
      262  ephemeral         none       file        16   47  NoVanish holds, SubmountStable holds
      262  ephemeral         none       directory   16   47  NoVanish holds, SubmountStable holds
      262  ephemeral-import  extension  no          53  105  NoVanish violated transient in 24
      262  ephemeral-import  extension  file        65  194  NoVanish violated transient in 30, SubmountStable violated transient in 28
      262  ephemeral-import  extension  directory   63  188  NoVanish violated transient in 28, SubmountStable violated transient in 27
      262  ephemeral-import  meanwhile  no          84  181  NoVanish violated transient in 25
      262  ephemeral-import  meanwhile  file        96  301  NoVanish violated transient in 31, SubmountStable violated transient in 29
      262  ephemeral-import  meanwhile  directory   94  295  NoVanish violated transient in 29, SubmountStable violated transient in 28
      262  ephemeral-import  none       no          16   31  NoVanish holds
      262  ephemeral-import  none       file        16   47  NoVanish holds, SubmountStable holds
      262  ephemeral-import  none       directory   16   47  NoVanish holds, SubmountStable holds
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
      257  no                missing    66  131  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  no                directory  66  131  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  no                hierarchy  66  131  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  auto              missing    68  135  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  auto              directory  73  145  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  auto              hierarchy  73  145  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  yes               missing    75  149  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  yes               directory  74  147  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  yes               hierarchy  74  147  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  import            missing    67  133  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  import            directory  67  133  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  import            hierarchy  31   61  NoVanish holds, NoWrongWinner violated permanent in 24, SubmountStable violated permanent in 23, HostRestored holds, FailureAtomic violated permanent in 23
      257  ephemeral         missing    70  139  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  ephemeral         directory  70  139  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  ephemeral         hierarchy  70  139  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  ephemeral-import  missing    71  141  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  ephemeral-import  directory  71  141  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  ephemeral-import  hierarchy  32   63  NoVanish holds, NoWrongWinner violated permanent in 25, SubmountStable violated permanent in 24, HostRestored holds, FailureAtomic violated permanent in 24
      262  no                missing    74  147  NoVanish holds, NoWrongWinner violated transient in 22, SubmountStable violated transient in 21, HostRestored holds
      262  no                directory  74  147  NoVanish holds, NoWrongWinner violated transient in 22, SubmountStable violated transient in 21, HostRestored holds
      262  no                hierarchy  74  147  NoVanish holds, NoWrongWinner violated transient in 22, SubmountStable violated transient in 21, HostRestored holds
      262  auto              missing    78  155  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
      262  auto              directory  83  165  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
      262  auto              hierarchy  81  161  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
      262  yes               missing    88  175  NoVanish holds, NoWrongWinner violated transient in 27, SubmountStable violated transient in 26, HostRestored holds
      262  yes               directory  87  173  NoVanish holds, NoWrongWinner violated transient in 26, SubmountStable violated transient in 25, HostRestored holds
      262  yes               hierarchy  85  169  NoVanish holds, NoWrongWinner violated transient in 26, SubmountStable violated transient in 25, HostRestored holds
      262  import            missing    76  151  NoVanish holds, NoWrongWinner violated transient in 23, SubmountStable violated transient in 22, HostRestored holds
      262  import            directory  76  151  NoVanish holds, NoWrongWinner violated transient in 23, SubmountStable violated transient in 22, HostRestored holds
      262  import            hierarchy  34   67  NoVanish holds, NoWrongWinner violated permanent in 27, SubmountStable violated permanent in 26, HostRestored holds, FailureAtomic violated permanent in 26
      262  ephemeral         missing    81  161  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
      262  ephemeral         directory  81  161  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
      262  ephemeral         hierarchy  81  161  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
      262  ephemeral-import  missing    82  163  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
      262  ephemeral-import  directory  82  163  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
      262  ephemeral-import  hierarchy  37   73  NoVanish holds, NoWrongWinner violated permanent in 30, SubmountStable violated permanent in 29, HostRestored holds, FailureAtomic violated permanent in 29
      "
    `);
  });

  it('first-merge: clones leave the mount where it was, and who does not care for it covers it', () => {
    const { lines, surprises } = judgeAll(firstMerge, {
      systemd: ['atomic', 'plain', 'beneath'],
      mutable: ['no', 'yes', 'import'],
      'mutable-dir': ['missing', 'hierarchy'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      atomic   no      missing    58  115  NoVanish holds, NoWrongWinner holds, SubmountStable holds, HostRestored holds
      atomic   no      hierarchy  58  115  NoVanish holds, NoWrongWinner holds, SubmountStable holds, HostRestored holds
      atomic   yes     missing    73  145  NoVanish holds, NoWrongWinner holds, SubmountStable holds, HostRestored holds
      atomic   yes     hierarchy  70  139  NoVanish holds, NoWrongWinner holds, SubmountStable holds, HostRestored holds
      atomic   import  missing    60  119  NoVanish holds, NoWrongWinner holds, SubmountStable holds, HostRestored holds
      atomic   import  hierarchy  27   53  NoVanish holds, NoWrongWinner holds, SubmountStable holds, HostRestored holds, FailureAtomic holds
      plain    no      missing    41   81  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 29, HostRestored holds
      plain    no      hierarchy  41   81  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 29, HostRestored holds
      plain    yes     missing    55  109  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 42, HostRestored holds
      plain    yes     hierarchy  53  105  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 40, HostRestored holds
      plain    import  missing    43   85  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 31, HostRestored holds
      plain    import  hierarchy  27   53  NoVanish holds, NoWrongWinner holds, SubmountStable holds, HostRestored holds, FailureAtomic holds
      beneath  no      missing    49   97  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 37, HostRestored holds
      beneath  no      hierarchy  49   97  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 37, HostRestored holds
      beneath  yes     missing    63  125  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 50, HostRestored holds
      beneath  yes     hierarchy  60  119  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 47, HostRestored holds
      beneath  import  missing    51  101  NoVanish holds, NoWrongWinner holds, SubmountStable violated permanent in 39, HostRestored holds
      beneath  import  hierarchy  27   53  NoVanish holds, NoWrongWinner holds, SubmountStable holds, HostRestored holds, FailureAtomic holds
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
      257  no         directory  yes  67  133  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  no         hierarchy  yes  67  133  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  yes        directory  yes  75  149  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  yes        hierarchy  yes  75  149  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored violated permanent in 74
      257  ephemeral  directory  yes  71  141  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      257  ephemeral  hierarchy  yes  71  141  NoVanish holds, NoWrongWinner violated transient in 20, SubmountStable violated transient in 19, HostRestored holds
      262  no         directory  yes  75  149  NoVanish holds, NoWrongWinner violated transient in 22, SubmountStable violated transient in 21, HostRestored holds
      262  no         hierarchy  yes  75  149  NoVanish holds, NoWrongWinner violated transient in 22, SubmountStable violated transient in 21, HostRestored holds
      262  yes        directory  yes  88  175  NoVanish holds, NoWrongWinner violated transient in 26, SubmountStable violated transient in 25, HostRestored holds
      262  yes        hierarchy  yes  86  171  NoVanish holds, NoWrongWinner violated transient in 26, SubmountStable violated transient in 25, HostRestored violated permanent in 85
      262  ephemeral  directory  yes  82  163  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
      262  ephemeral  hierarchy  yes  82  163  NoVanish holds, NoWrongWinner violated transient in 24, SubmountStable violated transient in 23, HostRestored holds
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
      257  no                mode  40   79  FailureAtomic vacuous, NoVanish violated transient in 20
      257  no                call  64  149  FailureAtomic violated permanent in 26, NoVanish violated permanent in 27
      257  no                kill  43  120  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  auto              mode  26   51  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      257  auto              call  78  178  FailureAtomic violated permanent in 21, NoVanish violated permanent in 22
      257  auto              kill  53  144  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  yes               mode  26   51  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      257  yes               call  80  183  FailureAtomic violated permanent in 21, NoVanish violated permanent in 22
      257  yes               kill  54  147  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  import            mode  41   81  FailureAtomic vacuous, NoVanish violated transient in 20
      257  import            call  65  151  FailureAtomic violated permanent in 27, NoVanish violated permanent in 28
      257  import            kill  44  123  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  ephemeral         mode  44   87  FailureAtomic vacuous, NoVanish violated transient in 20
      257  ephemeral         call  72  167  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      257  ephemeral         kill  48  133  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  ephemeral-import  mode  45   89  FailureAtomic vacuous, NoVanish violated transient in 20
      257  ephemeral-import  call  73  169  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      257  ephemeral-import  kill  49  136  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      262  no                mode  45   89  FailureAtomic vacuous, NoVanish violated transient in 22
      262  no                call  71  165  FailureAtomic violated permanent in 28, NoVanish violated permanent in 29
      262  no                kill  48  135  FailureAtomic violated permanent in 22, NoVanish violated permanent in 23
      262  auto              mode  17   33  FailureAtomic holds, NoVanish holds
      262  auto              call  87  198  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      262  auto              kill  60  165  FailureAtomic violated permanent in 24, NoVanish violated permanent in 25
      262  yes               mode  17   33  FailureAtomic holds, NoVanish holds
      262  yes               call  95  218  FailureAtomic violated permanent in 27, NoVanish violated permanent in 28
      262  yes               kill  64  177  FailureAtomic violated permanent in 26, NoVanish violated permanent in 27
      262  import            mode  47   93  FailureAtomic vacuous, NoVanish violated transient in 23
      262  import            call  73  169  FailureAtomic violated permanent in 30, NoVanish violated permanent in 31
      262  import            kill  50  141  FailureAtomic violated permanent in 23, NoVanish violated permanent in 24
      262  ephemeral         mode  52  103  FailureAtomic vacuous, NoVanish violated transient in 24
      262  ephemeral         call  85  198  FailureAtomic violated permanent in 29, NoVanish violated permanent in 30
      262  ephemeral         kill  56  157  FailureAtomic violated permanent in 24, NoVanish violated permanent in 25
      262  ephemeral-import  mode  53  105  FailureAtomic vacuous, NoVanish violated transient in 24
      262  ephemeral-import  call  86  200  FailureAtomic violated permanent in 29, NoVanish violated permanent in 30
      262  ephemeral-import  kill  57  160  FailureAtomic violated permanent in 24, NoVanish violated permanent in 25
      "
    `);
  });

  it('failed-refresh: a swap keeps the old overlay, and its fallback does not, nor does a script', () => {
    const { lines, surprises } = judgeAll(failedRefresh, {
      systemd: ['atomic', 'plain', 'beneath'],
      kernelBeneath: ['yes', 'no'],
      mutable: ['no', 'yes'],
      cause: ['mode', 'call', 'kill'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      atomic   yes  no   mode   50   99  FailureAtomic vacuous, NoVanish holds
      atomic   yes  no   call   81  188  FailureAtomic holds, NoVanish holds
      atomic   yes  no   kill   53  150  FailureAtomic holds, NoVanish holds
      atomic   yes  yes  mode   17   33  FailureAtomic holds, NoVanish holds
      atomic   yes  yes  call  123  279  FailureAtomic holds, NoVanish holds
      atomic   yes  yes  kill   70  195  FailureAtomic holds, NoVanish holds
      atomic   no   no   mode   50   99  FailureAtomic vacuous, NoVanish violated transient in 46
      atomic   no   no   call   81  188  FailureAtomic violated permanent in 47, NoVanish violated permanent in 48
      atomic   no   no   kill   53  150  FailureAtomic violated permanent in 46, NoVanish violated permanent in 47
      atomic   no   yes  mode   17   33  FailureAtomic holds, NoVanish holds
      atomic   no   yes  call  124  281  FailureAtomic violated permanent in 61, NoVanish violated permanent in 62
      atomic   no   yes  kill   70  195  FailureAtomic violated permanent in 59, NoVanish violated permanent in 60
      plain    yes  no   mode   38   75  FailureAtomic vacuous, NoVanish violated transient in 21
      plain    yes  no   call   65  144  FailureAtomic violated permanent in 27, NoVanish violated permanent in 28
      plain    yes  no   kill   45  118  FailureAtomic violated permanent in 21, NoVanish violated permanent in 22
      plain    yes  yes  mode   17   33  FailureAtomic holds, NoVanish holds
      plain    yes  yes  call   91  199  FailureAtomic violated permanent in 26, NoVanish violated permanent in 27
      plain    yes  yes  kill   63  162  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      plain    no   no   mode   38   75  FailureAtomic vacuous, NoVanish violated transient in 21
      plain    no   no   call   65  144  FailureAtomic violated permanent in 27, NoVanish violated permanent in 28
      plain    no   no   kill   45  118  FailureAtomic violated permanent in 21, NoVanish violated permanent in 22
      plain    no   yes  mode   17   33  FailureAtomic holds, NoVanish holds
      plain    no   yes  call   91  199  FailureAtomic violated permanent in 26, NoVanish violated permanent in 27
      plain    no   yes  kill   63  162  FailureAtomic violated permanent in 25, NoVanish violated permanent in 26
      beneath  yes  no   mode   49   97  FailureAtomic vacuous, NoVanish holds
      beneath  yes  no   call   80  186  FailureAtomic holds, NoVanish holds
      beneath  yes  no   kill   52  147  FailureAtomic holds, NoVanish holds
      beneath  yes  yes  mode   17   33  FailureAtomic holds, NoVanish holds
      beneath  yes  yes  call  100  232  FailureAtomic holds, NoVanish holds
      beneath  yes  yes  kill   65  184  FailureAtomic holds, NoVanish holds
      beneath  no   no   mode   45   89  FailureAtomic holds, NoVanish holds
      beneath  no   no   call   70  165  FailureAtomic holds, NoVanish holds
      beneath  no   no   kill   45  132  FailureAtomic holds, NoVanish holds
      beneath  no   yes  mode   17   33  FailureAtomic holds, NoVanish holds
      beneath  no   yes  call   90  211  FailureAtomic holds, NoVanish holds
      beneath  no   yes  kill   58  169  FailureAtomic holds, NoVanish holds
      "
    `);
  });

  it('window-write: what becomes of writes by how the overlay is replaced', () => {
    const { lines, surprises } = judgeAll(windowWrite, {
      systemd: ['atomic', 'plain', 'beneath'],
      actor: ['create', 'edit', 'overwrite', 'delete', 'descriptor', 'inside', 'inside-edit'],
      upper: ['directory', 'hierarchy'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      atomic   create       directory  128  190  NoWrongWinner vacuous, NoLostWrite vacuous
      atomic   create       hierarchy  124  184  NoWrongWinner vacuous, NoLostWrite vacuous
      atomic   edit         directory  266  393  NoLostWrite holds
      atomic   edit         hierarchy  258  381  NoLostWrite holds
      atomic   overwrite    directory  133  194  NoLostWrite holds
      atomic   overwrite    hierarchy  129  188  NoLostWrite holds
      atomic   delete       directory  191  252  NoResurrect holds
      atomic   delete       hierarchy  185  244  NoResurrect holds
      atomic   descriptor   directory  202  330  NoLostWrite holds
      atomic   descriptor   hierarchy  196  320  NoLostWrite holds
      atomic   inside       directory  202  330  NoLostWrite holds
      atomic   inside       hierarchy  196  320  NoLostWrite holds
      atomic   inside-edit  directory  205  332  NoLostWrite holds
      atomic   inside-edit  hierarchy  199  322  NoLostWrite holds
      plain    create       directory  156  230  NoWrongWinner violated transient in 26, NoLostWrite violated permanent in 52
      plain    create       hierarchy  152  224  NoWrongWinner violated permanent in 51, NoLostWrite holds
      plain    edit         directory  295  416  NoLostWrite violated permanent in 52
      plain    edit         hierarchy  199  295  NoLostWrite holds
      plain    overwrite    directory  129  177  NoLostWrite violated permanent in 51
      plain    overwrite    hierarchy  100  148  NoLostWrite holds
      plain    delete       directory  179  226  NoResurrect holds
      plain    delete       hierarchy  175  221  NoResurrect violated permanent in 50
      plain    descriptor   directory  202  309  NoLostWrite holds
      plain    descriptor   hierarchy  196  326  NoLostWrite holds
      plain    inside       directory  229  362  NoLostWrite holds
      plain    inside       hierarchy  196  326  NoLostWrite holds
      plain    inside-edit  directory  255  387  NoLostWrite violated permanent in 52
      plain    inside-edit  hierarchy  221  350  NoLostWrite holds
      beneath  create       directory  122  181  NoWrongWinner vacuous, NoLostWrite vacuous
      beneath  create       hierarchy  118  175  NoWrongWinner vacuous, NoLostWrite vacuous
      beneath  edit         directory  252  372  NoLostWrite holds
      beneath  edit         hierarchy  244  360  NoLostWrite holds
      beneath  overwrite    directory  148  205  NoLostWrite holds
      beneath  overwrite    hierarchy  142  197  NoLostWrite holds
      beneath  delete       directory  204  261  NoResurrect holds
      beneath  delete       hierarchy  196  251  NoResurrect holds
      beneath  descriptor   directory  191  312  NoLostWrite holds
      beneath  descriptor   hierarchy  185  302  NoLostWrite holds
      beneath  inside       directory  191  312  NoLostWrite holds
      beneath  inside       hierarchy  185  302  NoLostWrite holds
      beneath  inside-edit  directory  213  333  NoLostWrite holds
      beneath  inside-edit  hierarchy  205  321  NoLostWrite holds
      "
    `);
  });

  it('window-write: two overlays over one upper directory promise nothing, in any version', () => {
    const { lines, surprises } = judgeAll(windowWrite, {
      systemd: ['257', '262', 'atomic', 'plain', 'beneath'],
      actor: ['inside'],
      watched: ['yes'],
      upper: ['directory', 'hierarchy'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
          257  inside  yes  directory  299   798  NoVanish violated transient in 22, NoLostWrite holds
          257  inside  yes  hierarchy  264   728  NoVanish undefined transient in 49, NoLostWrite holds
          262  inside  yes  directory  353   946  NoVanish violated transient in 28, NoLostWrite holds
          262  inside  yes  hierarchy  304   840  NoVanish undefined transient in 57, NoLostWrite holds
      atomic   inside  yes  directory  356   986  NoVanish undefined transient in 63, NoLostWrite holds
      atomic   inside  yes  hierarchy  346   958  NoVanish undefined transient in 61, NoLostWrite holds
      plain    inside  yes  directory  392  1060  NoVanish violated transient in 27, NoLostWrite holds
      plain    inside  yes  hierarchy  330   917  NoVanish undefined transient in 44, NoLostWrite holds
      beneath  inside  yes  directory  335   927  NoVanish undefined transient in 61, NoLostWrite holds
      beneath  inside  yes  hierarchy  325   899  NoVanish undefined transient in 59, NoLostWrite holds
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
      257  auto  create       directory  153  223  NoWrongWinner violated transient in 21, NoLostWrite violated permanent in 48
      257  auto  create       hierarchy  153  223  NoWrongWinner violated permanent in 48, NoLostWrite holds
      257  auto  edit         directory  280  395  NoLostWrite violated permanent in 48
      257  auto  edit         hierarchy  193  284  NoLostWrite holds
      257  auto  overwrite    directory  125  168  NoLostWrite violated permanent in 47
      257  auto  overwrite    hierarchy   97  141  NoLostWrite holds
      257  auto  delete       directory  168  211  NoResurrect holds
      257  auto  delete       hierarchy  168  211  NoResurrect violated permanent in 47
      257  auto  descriptor   directory  175  266  NoLostWrite holds
      257  auto  descriptor   hierarchy  175  294  NoLostWrite holds
      257  auto  inside       directory  203  321  NoLostWrite holds
      257  auto  inside       hierarchy  175  294  NoLostWrite holds
      257  auto  inside-edit  directory  230  347  NoLostWrite violated permanent in 48
      257  auto  inside-edit  hierarchy  202  320  NoLostWrite holds
      257  yes   create       directory  157  229  NoWrongWinner violated transient in 21, NoLostWrite violated permanent in 49
      257  yes   create       hierarchy  157  229  NoWrongWinner violated permanent in 49, NoLostWrite holds
      257  yes   edit         directory  287  405  NoLostWrite violated permanent in 49
      257  yes   edit         hierarchy  197  290  NoLostWrite holds
      257  yes   overwrite    directory  128  172  NoLostWrite violated permanent in 48
      257  yes   overwrite    hierarchy   99  144  NoLostWrite holds
      257  yes   delete       directory  172  216  NoResurrect holds
      257  yes   delete       hierarchy  172  216  NoResurrect violated permanent in 48
      257  yes   descriptor   directory  179  272  NoLostWrite holds
      257  yes   descriptor   hierarchy  179  301  NoLostWrite holds
      257  yes   inside       directory  208  329  NoLostWrite holds
      257  yes   inside       hierarchy  179  301  NoLostWrite holds
      257  yes   inside-edit  directory  236  356  NoLostWrite violated permanent in 49
      257  yes   inside-edit  hierarchy  207  328  NoLostWrite holds
      262  auto  create       directory  173  253  NoWrongWinner violated transient in 25, NoLostWrite violated permanent in 55
      262  auto  create       hierarchy  165  241  NoWrongWinner violated permanent in 53, NoLostWrite holds
      262  auto  edit         directory  317  449  NoLostWrite violated permanent in 55
      262  auto  edit         hierarchy  213  314  NoLostWrite holds
      262  auto  overwrite    directory  142  192  NoLostWrite violated permanent in 54
      262  auto  overwrite    hierarchy  107  156  NoLostWrite holds
      262  auto  delete       directory  192  242  NoResurrect holds
      262  auto  delete       hierarchy  184  232  NoResurrect violated permanent in 52
      262  auto  descriptor   directory  199  304  NoLostWrite holds
      262  auto  descriptor   hierarchy  191  321  NoLostWrite holds
      262  auto  inside       directory  230  365  NoLostWrite holds
      262  auto  inside       hierarchy  191  321  NoLostWrite holds
      262  auto  inside-edit  directory  260  394  NoLostWrite violated permanent in 55
      262  auto  inside-edit  hierarchy  219  348  NoLostWrite holds
      262  yes   create       directory  185  271  NoWrongWinner violated transient in 27, NoLostWrite violated permanent in 59
      262  yes   create       hierarchy  177  259  NoWrongWinner violated permanent in 57, NoLostWrite holds
      262  yes   edit         directory  339  481  NoLostWrite violated permanent in 59
      262  yes   edit         hierarchy  229  338  NoLostWrite holds
      262  yes   overwrite    directory  152  206  NoLostWrite violated permanent in 58
      262  yes   overwrite    hierarchy  115  168  NoLostWrite holds
      262  yes   delete       directory  206  260  NoResurrect holds
      262  yes   delete       hierarchy  198  250  NoResurrect violated permanent in 56
      262  yes   descriptor   directory  213  326  NoLostWrite holds
      262  yes   descriptor   hierarchy  205  345  NoLostWrite holds
      262  yes   inside       directory  246  391  NoLostWrite holds
      262  yes   inside       hierarchy  205  345  NoLostWrite holds
      262  yes   inside-edit  directory  278  422  NoLostWrite violated permanent in 59
      262  yes   inside-edit  hierarchy  235  374  NoLostWrite holds
      "
    `);
  });

  it('failed-refresh: a signal to the child alone leaves the same as one to both', () => {
    const { lines, surprises } = judgeAll(failedRefresh, { systemd: BOTH, mutable: MODES, cause: ['child'] });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      257  no                child  43  117  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  auto              child  53  141  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  yes               child  54  144  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  import            child  44  120  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  ephemeral         child  48  130  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      257  ephemeral-import  child  49  133  FailureAtomic violated permanent in 20, NoVanish violated permanent in 21
      262  no                child  48  132  FailureAtomic violated permanent in 22, NoVanish violated permanent in 23
      262  auto              child  60  162  FailureAtomic violated permanent in 24, NoVanish violated permanent in 25
      262  yes               child  64  174  FailureAtomic violated permanent in 26, NoVanish violated permanent in 27
      262  import            child  50  138  FailureAtomic violated permanent in 23, NoVanish violated permanent in 24
      262  ephemeral         child  56  154  FailureAtomic violated permanent in 24, NoVanish violated permanent in 25
      262  ephemeral-import  child  57  157  FailureAtomic violated permanent in 24, NoVanish violated permanent in 25
      "
    `);
  });

  it('parallel-runs: two overlays come to lie on each other, and submounts are lost for good', () => {
    const { lines, surprises } = judgeAll(parallelRuns, {
      systemd: BOTH,
      verbs: PAIRS.filter((pair) => pair !== 'refresh+refresh'),
      submount: ['no', 'directory'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      257  refresh+merge    no          3317   6024  OneOverlay violated permanent in 69
      257  refresh+merge    directory   4938   8845  OneOverlay violated permanent in 77, SubmountStable violated permanent in 77
      257  refresh+unmerge  no          1163   2028  OneOverlay holds
      257  refresh+unmerge  directory   4148   7358  OneOverlay holds, SubmountStable violated permanent in 44
      257  merge+merge      no          1906   3438  OneOverlay violated permanent in 66
      257  merge+merge      directory   9038  16638  OneOverlay violated permanent in 74, SubmountStable violated permanent in 74
      257  merge+unmerge    no           877   1431  OneOverlay holds
      257  merge+unmerge    directory   1181   1935  OneOverlay holds, SubmountStable violated transient in 18
      257  unmerge+unmerge  no           319    558  HostRestored holds
      257  unmerge+unmerge  directory   1069   1910  HostRestored holds, SubmountStable violated permanent in 30
      262  refresh+merge    no          4396   8043  OneOverlay violated permanent in 78
      262  refresh+merge    directory   6626  11940  OneOverlay violated permanent in 88, SubmountStable violated permanent in 88
      262  refresh+unmerge  no          1467   2576  OneOverlay holds
      262  refresh+unmerge  directory   6508  11811  OneOverlay holds, SubmountStable violated permanent in 53
      262  merge+merge      no          2329   4286  OneOverlay violated permanent in 75
      262  merge+merge      directory  13281  24498  OneOverlay violated permanent in 85, SubmountStable violated permanent in 85
      262  merge+unmerge    no           992   1621  OneOverlay holds
      262  merge+unmerge    directory   1420   2331  OneOverlay holds, SubmountStable violated transient in 21
      262  unmerge+unmerge  no           319    558  HostRestored holds
      262  unmerge+unmerge  directory   2920   5256  HostRestored holds, SubmountStable violated permanent in 35
      "
    `);
  });

  it('other-namespaces: a private namespace stays as it was made, and a slave one sees the window', () => {
    const { lines, surprises } = judgeAll(otherNamespaces, {
      systemd: BOTH,
      mutable: ['no', 'yes'],
      propagation: ['slave', 'private'],
      made: ['before', 'meanwhile'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      257  no   slave    before      40   79  SameForAll holds, NoVanish violated transient in 20
      257  no   slave    meanwhile  120  237  SameForAll holds, NoVanish violated transient in 22
      257  no   private  before      40   79  SameForAll violated permanent in 39, NoVanish holds
      257  no   private  meanwhile  144  283  SameForAll violated permanent in 41, NoVanish violated transient in 22
      257  yes  slave    before      48   95  SameForAll holds, NoVanish violated transient in 20
      257  yes  slave    meanwhile  144  285  SameForAll holds, NoVanish violated transient in 22
      257  yes  private  before      48   95  SameForAll violated permanent in 47, NoVanish holds
      257  yes  private  meanwhile  207  408  SameForAll violated permanent in 49, NoVanish violated transient in 22
      262  no   slave    before      45   89  SameForAll holds, NoVanish violated transient in 22
      262  no   slave    meanwhile  135  267  SameForAll holds, NoVanish violated transient in 24
      262  no   private  before      45   89  SameForAll violated permanent in 44, NoVanish holds
      262  no   private  meanwhile  162  319  SameForAll violated permanent in 46, NoVanish violated transient in 24
      262  yes  slave    before      58  115  SameForAll holds, NoVanish violated transient in 26
      262  yes  slave    meanwhile  174  345  SameForAll holds, NoVanish violated transient in 28
      262  yes  private  before      58  115  SameForAll violated permanent in 57, NoVanish holds
      262  yes  private  meanwhile  245  484  SameForAll violated permanent in 59, NoVanish violated transient in 28
      "
    `);
  });

  it('both-classes: in which orders running both again would change nothing', () => {
    const { lines, surprises } = judgeAll(bothClasses, {
      systemd: BOTH,
      meet: ['confexts', 'os-release', 'images'],
      order: ['sysext-first', 'confext-first', 'together'],
    });
    expect(surprises).toEqual([]);
    expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
      "
      257  confexts    sysext-first     71    70  Settled holds
      257  confexts    confext-first    54    53  Settled violated permanent in 53
      257  confexts    together       3092  5582  Settled violated permanent in 53
      257  os-release  sysext-first     71    70  Settled violated permanent in 70
      257  os-release  confext-first    54    53  Settled violated permanent in 53
      257  os-release  together       3108  5865  Settled violated permanent in 53
      257  images      sysext-first     50    49  Settled violated permanent in 49
      257  images      confext-first    71    70  Settled holds
      257  images      together       3039  5488  Settled violated permanent in 49
      262  confexts    sysext-first     83    82  Settled holds
      262  confexts    confext-first    61    60  Settled violated permanent in 60
      262  confexts    together       3654  6611  Settled violated permanent in 60
      262  os-release  sysext-first     83    82  Settled violated permanent in 82
      262  os-release  confext-first    59    58  Settled violated permanent in 58
      262  os-release  together       4078  7761  Settled violated permanent in 58
      262  images      sysext-first     55    54  Settled violated permanent in 54
      262  images      confext-first    83    82  Settled holds
      262  images      together       3528  6381  Settled violated permanent in 54
      "
    `);
  });
});

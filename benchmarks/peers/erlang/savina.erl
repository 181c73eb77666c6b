%% SPDX-License-Identifier: BSD-3-Clause
%% The Savina benchmarks; sizes as in ../../savina.h. Each answers with the operations that it did,
%% having checked its own result.
-module(savina).
-export([run/2]).

-define(BODY, <<0:256>>).
-define(FORK_JOIN_ACTORS, 60).
-define(RING_ACTORS, 100).
-define(BIG_ACTORS, 120).
-define(CHAMENEOS, 100).
-define(SIDE_ACTORS, 40).
-define(BUFFER_PLACES, 50).
-define(ACCOUNTS, 1000).
-define(WINDOW, 256).
-define(BALANCE, 1000000).
-define(AT_ONCE, 64).

run("ping-pong", Count) -> ping_pong(Count);
run("counting", Count) -> counting(Count);
run("fork-join", Count) -> fork_join(max(1, Count div ?FORK_JOIN_ACTORS));
run("fork-join-create", Count) -> fork_join_create(Count, 0);
run("thread-ring", Count) -> thread_ring(Count);
run("big", Count) -> big(max(1, Count div ?BIG_ACTORS));
run("chameneos", Count) -> chameneos(Count);
run("bounded-buffer", Count) -> bounded_buffer(max(1, Count div ?SIDE_ACTORS));
run("banking", Count) -> banking(Count);
run(_, _) -> unknown.

%% ---- a line or a ring ----

ping_pong(Count) ->
    Pong = spawn(fun bench_peer:echo/0),
    ping(Pong, 0, Count).

ping(_Pong, Count, Count) ->
    Count;
ping(Pong, Number, Count) ->
    Pong ! {self(), Number, ?BODY},
    receive {Number, ?BODY} -> ok end,
    ping(Pong, Number + 1, Count).

counting(Count) ->
    Counter = spawn(fun() -> counter(0) end),
    [Counter ! {increment, ?BODY} || _ <- lists:seq(1, Count)],
    Counter ! {read, self()},
    Count = bench_peer:complete(1).

counter(Total) ->
    receive
        {increment, _} -> counter(Total + 1);
        {read, From} -> From ! {done, Total}
    end.

fork_join(Each) ->
    Self = self(),
    Workers = [spawn(fun() -> worker(Self, Each, Each) end)
               || _ <- lists:seq(1, ?FORK_JOIN_ACTORS)],
    [Worker ! ?BODY || _ <- lists:seq(1, Each), Worker <- Workers],
    Total = Each * ?FORK_JOIN_ACTORS,
    Total = bench_peer:complete(?FORK_JOIN_ACTORS).

worker(Driver, Each, 0) ->
    Driver ! {done, Each};
worker(Driver, Each, Left) ->
    receive _ -> worker(Driver, Each, Left - 1) end.

fork_join_create(Count, Ended) when Ended >= Count ->
    Ended;
fork_join_create(Count, Ended) ->
    Self = self(),
    Now = min(?AT_ONCE, Count - Ended),
    [spawn(fun() -> worker(Self, 1, 1) end) ! ?BODY || _ <- lists:seq(1, Now)],
    Now = bench_peer:complete(Now),
    fork_join_create(Count, Ended + Now).

thread_ring(Hops) ->
    Self = self(),
    Ring = bench_peer:spawn_many(?RING_ACTORS, fun(Place) ->
        receive {next, Next} -> ring(Self, Place, Next) end
    end),
    [element(Place + 1, Ring) ! {next, element((Place + 1) rem ?RING_ACTORS + 1, Ring)}
     || Place <- lists:seq(0, ?RING_ACTORS - 1)],
    element(1, Ring) ! {token, Hops},
    Expected = Hops rem ?RING_ACTORS,
    Expected = bench_peer:complete(1),
    Hops.

ring(Driver, Place, Next) ->
    receive
        {token, 0} -> Driver ! {done, Place};
        {token, Left} -> Next ! {token, Left - 1}, ring(Driver, Place, Next)
    end.

%% ---- many to many ----

%% A generator of our own, the same in every peer.
next_random(State) ->
    Next = (State * 6364136223846793005 + 1442695040888963407) band 16#ffffffffffffffff,
    {Next bsr 33, Next}.

big(Each) ->
    Self = self(),
    All = bench_peer:spawn_many(?BIG_ACTORS, fun(Place) ->
        receive {all, Others} -> ok end,
        big(Self, Others, {Each, Each}, ping_other(Others, Place + 1))
    end),
    [Actor ! {all, All} || Actor <- tuple_to_list(All)],
    Total = Each * ?BIG_ACTORS,
    Total = bench_peer:complete(?BIG_ACTORS).

ping_other(Others, Random) ->
    {Number, Next} = next_random(Random),
    element(Number rem ?BIG_ACTORS + 1, Others) ! {ping, self(), ?BODY},
    Next.

big(Driver, Others, {Left, Each}, Random) ->
    receive
        {ping, From, Body} ->
            From ! {pong, Body},
            big(Driver, Others, {Left, Each}, Random);
        {pong, ?BODY} when Left =:= 1 ->
            Driver ! {done, Each},
            big(Driver, Others, {0, Each}, Random);
        {pong, ?BODY} ->
            big(Driver, Others, {Left - 1, Each}, ping_other(Others, Random))
    end.

chameneos(Meetings) ->
    Self = self(),
    bench_peer:spawn_many(?CHAMENEOS, fun(Place) ->
        Self ! {meet, self(), Place rem 3},
        chameneo(Self, Place rem 3, 0)
    end),
    mall(Meetings, none),
    Total = 2 * Meetings,
    Total = bench_peer:complete(?CHAMENEOS),
    Meetings.

%% With the last meeting nobody waits, for they are an even number and each comes back.
mall(0, none) ->
    [receive {meet, Who, _} -> Who ! over end || _ <- lists:seq(1, ?CHAMENEOS)];
mall(Left, none) ->
    receive {meet, First, _} -> mall(Left, First) end;
mall(Left, First) ->
    receive {meet, Second, Colour} -> First ! {with, Second, Colour} end,
    mall(Left - 1, none).

chameneo(Mall, Mine, Met) ->
    receive
        {with, Other, Theirs} ->
            New = complement(Mine, Theirs),
            Other ! {change, New},
            Mall ! {meet, self(), New},
            chameneo(Mall, New, Met + 1);
        {change, New} ->
            Mall ! {meet, self(), New},
            chameneo(Mall, New, Met + 1);
        over ->
            Mall ! {done, Met}
    end.

complement(Same, Same) -> Same;
complement(One, Other) -> 3 - One - Other.

bounded_buffer(Each) ->
    Self = self(),
    Producers = [spawn(fun() -> producer(Self) end) || _ <- lists:seq(1, ?SIDE_ACTORS)],
    Consumers = [spawn(fun() -> Self ! {ready, self()}, consumer(Self, 0) end)
                 || _ <- lists:seq(1, ?SIDE_ACTORS)],
    Total = Each * ?SIDE_ACTORS,
    manage(#{left => maps:from_list([{P, Each} || P <- Producers]), given => 0, asked => 0,
             idle => queue:from_list(Producers), ready => queue:new(), items => queue:new()},
           Total),
    [Consumer ! stop || Consumer <- Consumers],
    Total = bench_peer:complete(?SIDE_ACTORS).

producer(Manager) ->
    receive more -> Manager ! {item, self(), ?BODY} end,
    producer(Manager).

consumer(Manager, Consumed) ->
    receive
        {item, _} -> Manager ! {ready, self()}, consumer(Manager, Consumed + 1);
        stop -> Manager ! {done, Consumed}
    end.

manage(#{given := Total}, Total) ->
    ok;
manage(State, Total) ->
    manage(give(take(ask(State))), Total).

ask(#{idle := Idle, asked := Asked, items := Items, left := Left} = State) ->
    case queue:len(Items) + Asked < ?BUFFER_PLACES andalso queue:out(Idle) of
        {{value, Producer}, Rest} ->
            Producer ! more,
            #{Producer := Of} = Left,
            ask(State#{idle := Rest, asked := Asked + 1, left := Left#{Producer := Of - 1}});
        _ -> State
    end.

take(#{idle := Idle, asked := Asked, items := Items, ready := Ready, left := Left} = State) ->
    receive
        {item, Producer, Body} ->
            Back = case Left of
                       #{Producer := 0} -> Idle;
                       _ -> queue:in(Producer, Idle)
                   end,
            State#{idle := Back, asked := Asked - 1, items := queue:in(Body, Items)};
        {ready, Consumer} ->
            State#{ready := queue:in(Consumer, Ready)}
    end.

give(#{items := Items, ready := Ready, given := Given} = State) ->
    case {queue:out(Items), queue:out(Ready)} of
        {{{value, Body}, ItemsLeft}, {{value, Consumer}, ReadyLeft}} ->
            Consumer ! {item, Body},
            give(State#{items := ItemsLeft, ready := ReadyLeft, given := Given + 1});
        _ -> State
    end.

banking(Count) ->
    Self = self(),
    Accounts = bench_peer:spawn_many(?ACCOUNTS, fun(_) -> account(Self, ?BALANCE) end),
    Started = min(?WINDOW, Count),
    Random = transfers(Accounts, Started, 1),
    teller(Accounts, Count - Started, Started, Random),
    [Account ! stop || Account <- tuple_to_list(Accounts)],
    Total = ?BALANCE * ?ACCOUNTS,
    Total = bench_peer:complete(?ACCOUNTS),
    Count.

teller(_, 0, 0, _) ->
    ok;
teller(Accounts, 0, Open, Random) ->
    receive transferred -> teller(Accounts, 0, Open - 1, Random) end;
teller(Accounts, Left, Open, Random) ->
    receive transferred -> ok end,
    teller(Accounts, Left - 1, Open, transfers(Accounts, 1, Random)).

transfers(_, 0, Random) ->
    Random;
transfers(Accounts, Left, Random) ->
    {A, Random1} = next_random(Random),
    {B, Random2} = next_random(Random1),
    {C, Random3} = next_random(Random2),
    From = A rem ?ACCOUNTS,
    To = (From + 1 + B rem (?ACCOUNTS - 1)) rem ?ACCOUNTS,
    element(From + 1, Accounts) ! {transfer, element(To + 1, Accounts), C rem 100},
    transfers(Accounts, Left - 1, Random3).

account(Teller, Balance) ->
    receive
        {transfer, Other, Amount} ->
            Other ! {debit, self(), Amount},
            account(Teller, wait(Teller, Balance - Amount));
        {debit, From, Amount} ->
            From ! debited,
            account(Teller, Balance + Amount);
        stop ->
            Teller ! {done, Balance}
    end.

%% Until the other account has answered; transfers stay in the mailbox meanwhile.
wait(Teller, Balance) ->
    receive
        debited -> Teller ! transferred, Balance;
        {debit, From, Amount} -> From ! debited, wait(Teller, Balance + Amount)
    end.

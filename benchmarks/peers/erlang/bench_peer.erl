%% SPDX-License-Identifier: BSD-3-Clause
%% Erlang/OTP: processes of one emulator, and of two that are joined by its distribution.
%%
%% Run as `erl -noshell -pa DIR -s bench_peer main -extra QUESTION COUNT`; the number of schedulers is
%% given to erl (+S). See ../peer.h for what it prints.
-module(bench_peer).
-export([main/0, echo/0, sink/2, spawn_many/2, complete/1]).

-define(WARM_UP, 1000).
-define(BODY, <<0:256>>).

main() ->
    [Question, Text | Others] = init:get_plain_arguments(),
    Code = try run(Question, list_to_integer(Text), Others) of
               true -> 0;
               false -> 2
           catch Class:Reason:Stack ->
               io:format(standard_error, "wrong: ~p ~p ~p~n", [Class, Reason, Stack]),
               1
           end,
    halt(Code).

run("rtt", Count, _) ->
    on_scheduler(1, fun() ->
        round_trips("rtt", "Erlang", spawn_opt(fun echo/0, [{scheduler, 2}]), Count)
    end);
run("rate", Count, _) ->
    on_scheduler(1, fun() ->
        Self = self(),
        Sink = spawn_opt(fun() -> sink(Self, Count) end, [{scheduler, 2}]),
        rate("rate", "Erlang", Sink, Count)
    end);
run("rtt-process", Count, [Node]) ->
    Echo = spawn(list_to_atom(Node), ?MODULE, echo, []),
    round_trips("rtt-process", "Erlang distribution", Echo, Count);
run("rate-process", Count, [Node]) ->
    Sink = spawn(list_to_atom(Node), ?MODULE, sink, [self(), Count]),
    rate("rate-process", "Erlang distribution", Sink, Count);
run("savina-" ++ Name, Count, _) ->
    Start = erlang:monotonic_time(nanosecond),
    case savina:run(Name, Count) of
        unknown -> false;
        Done ->
            Threads = erlang:system_info(schedulers_online),
            Who = io_lib:format("Erlang, ~b thread~s", [Threads, plural(Threads)]),
            print_rate("savina-" ++ Name, Who, Done, Start)
    end;
run(_, _, _) ->
    false.

%% Both ends have a scheduler of their own; left alone, the emulator puts them on one.
on_scheduler(Number, Run) ->
    {Pid, Monitor} = spawn_opt(fun() -> exit({answer, Run()}) end,
                               [monitor, {scheduler, Number}]),
    receive {'DOWN', Monitor, process, Pid, {answer, Answer}} -> Answer end.

plural(1) -> "";
plural(_) -> "s".

echo() ->
    receive {From, Number, Body} -> From ! {Number, Body} end,
    echo().

sink(Driver, Count) ->
    Driver ! ready,
    sink(Driver, 0, Count).

sink(Driver, Count, Count) ->
    Driver ! {received, Count};
sink(Driver, Number, Count) ->
    receive {Number, _Body} -> ok end,
    sink(Driver, Number + 1, Count).

round_trips(Question, Who, Echo, Count) ->
    _ = ping(Echo, 0, ?WARM_UP, []),
    Samples = ping(Echo, 0, Count, []),
    print_latency(Question, Who, Samples, Count).

ping(_Echo, Count, Count, Samples) ->
    Samples;
ping(Echo, Number, Count, Samples) ->
    Sent = erlang:monotonic_time(nanosecond),
    Echo ! {self(), Number, ?BODY},
    receive {Number, ?BODY} -> ok end,
    ping(Echo, Number + 1, Count, [erlang:monotonic_time(nanosecond) - Sent | Samples]).

rate(Question, Who, Sink, Count) ->
    receive ready -> ok end,
    Start = erlang:monotonic_time(nanosecond),
    blast(Sink, 0, Count),
    receive {received, Count} -> ok end,
    print_rate(Question, Who, Count, Start).

blast(_Sink, Count, Count) ->
    ok;
blast(Sink, Number, Count) ->
    Sink ! {Number, ?BODY},
    blast(Sink, Number + 1, Count).

print_latency(Question, Who, Samples, Count) ->
    Sorted = list_to_tuple(lists:sort(Samples)),
    At = fun(Part) -> element(min(trunc(Count * Part), Count - 1) + 1, Sorted) end,
    io:format("{\"question\":\"~s\",\"who\":\"~s\",\"count\":~b,\"p50_ns\":~b,"
              "\"p99_ns\":~b,\"p999_ns\":~b,\"max_ns\":~b}~n",
              [Question, Who, Count, At(0.5), At(0.99), At(0.999), element(Count, Sorted)]),
    true.

print_rate(Question, Who, Count, Start) ->
    Took = erlang:monotonic_time(nanosecond) - Start,
    io:format("{\"question\":\"~s\",\"who\":\"~s\",\"count\":~b,\"per_s\":~.1f}~n",
              [Question, Who, Count, Count * 1.0e9 / Took]),
    true.

%% Processes with a place each, 0 to Count - 1, as a tuple.
spawn_many(Count, Start) ->
    list_to_tuple([spawn(fun() -> Start(Place) end) || Place <- lists:seq(0, Count - 1)]).

%% Sums up what so many processes say when they end.
complete(Count) ->
    complete(Count, 0).

complete(0, Sum) ->
    Sum;
complete(Left, Sum) ->
    receive {done, Value} -> complete(Left - 1, Sum + Value) end.

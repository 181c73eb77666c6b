/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Credit reopening (fabric/proto/credit.h): a sender without credit probes, a receiver tells its
 * limit when a part of the window came back or when it is asked; any frame may be lost, but not
 * for ever. Every record gets through: no lost limit and no lost probe stops the flow.
 */
#define WINDOW  2
#define RECORDS 5
#define LOSSES  4

chan to_receiver = [2] of { bool };  /* true: a record, false: WANTS_CREDIT alone */
chan to_sender = [2] of { byte };    /* a limit */

byte sent = 0;
byte returned = 0;
byte limit = WINDOW;
byte losses = 0;

active proctype sender()
{
    byte told;

end:
    do
    :: sent < limit && sent < RECORDS && nfull(to_receiver) -> atomic { to_receiver!true; sent++ }
    :: sent == limit && sent < RECORDS && empty(to_receiver) && empty(to_sender) ->
        to_receiver!false /* credit_probe_ns has passed */
    :: atomic { to_sender?told ->
        if
        :: told > limit -> limit = told
        :: else -> skip
        fi }
    :: atomic { losses < LOSSES && to_sender?[told] -> to_sender?told; losses++ }
    od
}

/* Records are never lost here: that is the business of loss recovery. */
active proctype receiver()
{
    bool is_record;

end:
    do
    :: atomic { to_receiver?is_record ->
        if
        :: is_record -> returned++
        :: else -> skip
        fi;
        assert(sent - returned <= WINDOW && sent <= limit);
        if
        :: nfull(to_sender) && (!is_record || returned % WINDOW == 0) ->
            to_sender!(returned + WINDOW)
        :: full(to_sender) || (is_record && returned % WINDOW != 0) -> skip
        fi }
    :: atomic { losses < LOSSES && to_receiver?[false] -> to_receiver?false; losses++ }
    od
}

ltl all_arrive { <> (returned == RECORDS) }

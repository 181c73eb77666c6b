/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handshake and the fence between epochs (fabric/proto/handshake.h), with the names of the code.
 *
 * Two ends, a wire each way that loses, delays and repeats, and ends whose epochs break or whose
 * processes restart whenever they like, as often as there are nonces. Nonces are numbers that are
 * never given twice. Checked in every reachable state: an epoch begins at most once at each end;
 * one begins only with a nonce that the other end really offered; and records are taken only
 * within the epoch of both shares that their sender had.
 */
#define NONCES 4

mtype = { HELLO, DATA };

/* type, then HELLO: nonce, echo; DATA: the shares of end 0 and of end 1 */
chan wire[2] = [2] of { mtype, byte, byte };

byte drawn = 0;            /* the last nonce given */
byte owner[NONCES + 1];    /* 1 + the end that drew it */
bool begun[98];            /* end x own nonce x peer's nonce */
bool up[2];
byte own_nonce[2];
byte session_own[2];
byte session_peer[2];
byte candidate_own[2];
byte candidate_peer[2];    /* 0: no candidate */

inline draw(end, nonce)
{
    drawn++;
    owner[drawn] = 1 + end;
    nonce = drawn
}

inline begin(end)
{
    assert(!begun[end * 49 + candidate_own[end] * 7 + candidate_peer[end]]);
    assert(owner[candidate_own[end]] == 1 + end && owner[candidate_peer[end]] == 2 - end);
    begun[end * 49 + candidate_own[end] * 7 + candidate_peer[end]] = true;
    session_own[end] = candidate_own[end];
    session_peer[end] = candidate_peer[end];
    candidate_peer[end] = 0;
    up[end] = true
}

/* What fab_handshake_on_hello does; `nonce` and `echo` are what came. */
inline on_hello(end)
{
    if
    :: up[end] && nonce == session_peer[end] -> skip             /* CONFIRM or STALE */
    :: up[end] && nonce != session_peer[end] && echo == session_own[end] -> skip /* STALE */
    :: else ->
        if
        :: candidate_peer[end] == nonce -> skip                    /* offered before */
        :: candidate_peer[end] != nonce && !up[end] ->
            candidate_own[end] = own_nonce[end];
            candidate_peer[end] = nonce
        :: candidate_peer[end] != nonce && up[end] && drawn < NONCES ->
            draw(end, candidate_own[end]);
            candidate_peer[end] = nonce
        :: else -> skip      /* nonces used up, or FAB_HANDSHAKE_ANSWERS_MAX answered: as if lost */
        fi;
        if
        :: candidate_peer[end] == nonce && echo == candidate_own[end] -> begin(end)
        :: else -> skip
        fi
    fi
}

/* `nonce` and `echo` are the shares of the epoch, that of end 0 first. */
inline on_data(end)
{
    byte own = (end == 0 -> nonce : echo);
    byte other = (end == 0 -> echo : nonce);

    if
    :: candidate_peer[end] != 0 && own == candidate_own[end] && other == candidate_peer[end] ->
        begin(end)
    :: else -> skip
    fi;
    if
    :: up[end] && own == session_own[end] && other == session_peer[end] ->
        assert(begun[(1 - end) * 49 + other * 7 + own])            /* the sender was in it, too */
    :: else -> skip                                                /* RESET */
    fi
}

proctype flow(byte end)
{
    byte nonce;
    byte echo;

    do
    /* says hello: what fab_handshake_offer offers */
    :: nfull(wire[end]) && (!up[end] || candidate_peer[end] != 0) -> atomic {
        if
        :: candidate_peer[end] != 0 -> wire[end]!HELLO(candidate_own[end], candidate_peer[end])
        :: else -> wire[end]!HELLO(own_nonce[end], 0)
        fi }
    /* sends records */
    :: nfull(wire[end]) && up[end] -> atomic {
        if
        :: end == 0 -> wire[end]!DATA(session_own[end], session_peer[end])
        :: else -> wire[end]!DATA(session_peer[end], session_own[end])
        fi }
    /* receives, and perhaps the same once more later */
    :: atomic { wire[1 - end]?HELLO(nonce, echo) -> on_hello(end) }
    :: atomic { wire[1 - end]?<HELLO(nonce, echo)> -> on_hello(end) }
    :: atomic { wire[1 - end]?DATA(nonce, echo) -> on_data(end) }
    :: atomic { wire[1 - end]?<DATA(nonce, echo)> -> on_data(end) }
    /* loses; a frame that is late overtakes nobody, but stays for long */
    :: atomic { wire[1 - end]?_, _, _ -> skip }
    /* it was an old one, or has had its time: fab_handshake_drop_candidate */
    :: atomic { candidate_peer[end] != 0 -> candidate_own[end] = 0; candidate_peer[end] = 0 }
    /* the epoch breaks: a reset, silence, or the process restarts */
    :: atomic { up[end] && drawn < NONCES ->
        up[end] = false;
        if
        :: candidate_peer[end] != 0 -> own_nonce[end] = candidate_own[end]
        :: draw(end, own_nonce[end])
        :: draw(end, own_nonce[end]); candidate_peer[end] = 0      /* restarted: all forgotten */
        fi }
    od
}

init
{
    atomic {
        draw(0, own_nonce[0]);
        draw(1, own_nonce[1]);
        run flow(0);
        run flow(1)
    }
}

-- Frames of the wire protocol. `layout` stands above: every offset, size and number comes from
-- fabric/wire's headers by make.py. Here is only what a header cannot say: what follows what.
--
-- A new block is a row of `blocks`, a new extension word a row of `extensions`; a field that is more
-- than a number is a row of `shown`.

local number = layout.numbers
local proto = Proto("mycelium", "Mycelium actor protocol")
local fields, experts = {}, {}

-- Which values of a field have names: an enum, or flags as an enum of bits.
local shown = {
    ["fab_frame_header.type"] = { enum = "fab_frame_type" },
    ["fab_frame_header.flags"] = { bits = "fab_frame_flag" },
    ["fab_frame_header.epoch"] = { is_hex = true },
    ["fab_frame_header.crc"] = { is_hex = true },
    ["fab_hello.security"] = { enum = "fab_security" },
    ["fab_hello.features"] = { bits = "fab_feature" },
    ["fab_clock_block.id"] = { is_hex = true },
    ["fab_hello.home"] = { is_hex = true },
    ["fab_hello.nonce"] = { is_hex = true },
    ["fab_hello.echo"] = { is_hex = true },
    ["fab_msg.kind"] = { enum = "fab_msg_kind" },
    ["fab_msg.flags"] = { bits = "fab_msg_flag" },
    ["fab_msg.to"] = { is_hex = true },
    ["fab_msg.from"] = { is_hex = true },
}

-- In the order in which they stand in a DATA frame. rows: how many of which struct follow.
local blocks = {
    { flag = number.FAB_FRAME_HAS_ACK, struct = "fab_ack_block",
      rows = { struct = "fab_ack_range", count = "ranges" } },
    { flag = number.FAB_FRAME_HAS_CREDIT, struct = "fab_credit_block" },
    { flag = number.FAB_FRAME_HAS_FLOOR, struct = "fab_floor_block" },
    { flag = number.FAB_FRAME_HAS_GRANTS, struct = "fab_grants_block",
      rows = { struct = "fab_grant", count = "count" } },
    { flag = number.FAB_FRAME_HAS_CLOCK, struct = "fab_clock_block" },
    { flag = number.FAB_FRAME_HAS_PART, struct = "fab_part_block", is_part = true },
}

-- Words between a record's header and its body, in the order of the flags.
local extensions = {
    { flag = number.FAB_MSG_HAS_DEADLINE, names = { "deadline_left_ns" } },
    { flag = number.FAB_MSG_HAS_REPLY_TO, names = { "reply_to_home", "reply_to_actor" } },
    { flag = number.FAB_MSG_HAS_BUFFER, names = { "transfer", "step" }, size = 4 },
}

-- Bodies of records between cores, by op.
local system_bodies = {
    [number.FAB_SYSTEM_NOTICE] = "fab_system_notice",
    [number.FAB_SYSTEM_NOTICE_TAKEN] = "fab_system_taken",
    [number.FAB_SYSTEM_WRITABLE] = "fab_system_writable",
    [number.FAB_SYSTEM_STOP] = "fab_system_stop",
    [number.FAB_SYSTEM_ASK_FAILED] = "fab_system_ask_failed",
    [number.FAB_SYSTEM_ASK_ENDED] = "fab_system_ask_ended",
    [number.FAB_SYSTEM_ASK_TAKEN] = "fab_system_ask_taken",
    [number.FAB_SYSTEM_MONITOR] = "fab_system_monitor",
    [number.FAB_SYSTEM_DEMONITOR] = "fab_system_monitor",
    [number.FAB_SYSTEM_DOWN] = "fab_system_down",
    [number.FAB_SYSTEM_LINK] = "fab_system_linked",
    [number.FAB_SYSTEM_UNLINK] = "fab_system_linked",
    [number.FAB_SYSTEM_EXIT] = "fab_system_linked",
}

local security_of = {}  -- of a pair of lcores, as their HELLOs said

local ALIGN = number.FAB_FRAME_ALIGN
local ORIGIN_AT = 40 -- in a record
local ftype_of = { [1] = ftypes.UINT8, [2] = ftypes.UINT16, [4] = ftypes.UINT32,
                   [8] = ftypes.UINT64 }

local function keep(key, field)
    fields[key] = field
    return field
end

local function add_expert(key, text, group, severity)
    experts[key] = ProtoExpert.new("mycelium." .. key, text, group, severity)
end

-- "fab_ack_block.run" is filtered as mycelium.ack_block.run.
local function filter_of(name)
    return "mycelium." .. name:gsub("^fab_", "")
end

local function names_of(enum)
    local names = {}
    for _, pair in ipairs(layout.enums[enum]) do
        names[pair[2]] = pair[1]:gsub("^FAB_%a+_", ""):gsub("^MYC_KIND_", "")
    end
    return names
end

local function make_field(struct, row)
    local key = struct .. "." .. row.name
    local how = shown[key] or {}
    if row.name == "reserved" or (row.size == 1 and row.count > 1) then
        return ProtoField.bytes(filter_of(key), row.name)
    end
    return ProtoField.new(row.name, filter_of(key), ftype_of[row.size],
                          how.enum and names_of(how.enum) or nil,
                          (how.bits or how.is_hex) and base.HEX or base.DEC)
end

for struct, shape in pairs(layout.structs) do
    for _, row in ipairs(shape.fields) do
        keep(struct .. "." .. row.name, make_field(struct, row))
    end
end
for _, extension in ipairs(extensions) do
    for _, name in ipairs(extension.names) do
        keep("extension." .. name,
             ProtoField.new(name, "mycelium.extension." .. name, ftype_of[extension.size or 8]))
    end
end
keep("padding", ProtoField.bytes("mycelium.padding", "padding"))
keep("sealed", ProtoField.bytes("mycelium.sealed", "encrypted"))
keep("tag", ProtoField.bytes("mycelium.tag", "tag"))
keep("part_bytes", ProtoField.bytes("mycelium.part_bytes", "bytes of the part"))
keep("hello_later", ProtoField.bytes("mycelium.hello_later", "of a later version"))
keep("body", ProtoField.bytes("mycelium.body", "body"))
keep("crc_is_good", ProtoField.bool("mycelium.crc_is_good", "CRC32C is good"))
add_expert("cut", "the bytes end too early", expert.group.MALFORMED, expert.severity.ERROR)
add_expert("bad_crc", "CRC32C is wrong", expert.group.CHECKSUM, expert.severity.ERROR)
add_expert("bad_size", "the size is not that of the datagram", expert.group.MALFORMED,
           expert.severity.ERROR)
add_expert("bad_type", "no such type", expert.group.MALFORMED, expert.severity.ERROR)

local list = {}
for _, field in pairs(fields) do
    list[#list + 1] = field
end
proto.fields = list
list = {}
for _, one in pairs(experts) do
    list[#list + 1] = one
end
proto.experts = list

local crc_table = {}
for i = 0, 255 do
    local crc = i
    for _ = 1, 8 do
        crc = bit.band(crc, 1) == 1 and bit.bxor(bit.rshift(crc, 1), 0x82f63b78)
              or bit.rshift(crc, 1)
    end
    crc_table[i] = crc
end

-- Of the frame with its checksum as 0.
local function crc32c(tvb, size)
    local bytes, crc, at = tvb(0, size):bytes(), 0xffffffff, 4
    for i = 0, size - 1 do
        local byte = (i >= at and i < at + 4) and 0 or bytes:get_index(i)
        crc = bit.bxor(bit.rshift(crc, 8), crc_table[bit.band(bit.bxor(crc, byte), 0xff)])
    end
    return bit.bxor(crc, 0xffffffff)
end

-- A walk through one frame: `at` moves on, never past `stop`.
local function take(walk, tree, size)
    if walk.at + size > walk.stop then
        tree:add_proto_expert_info(experts.cut)
        walk.is_cut = true
        return nil
    end
    walk.at = walk.at + size
    return walk.tvb(walk.at - size, size)
end

local function bits_text(value, enum)
    local words = {}
    for mask, name in pairs(names_of(enum)) do
        if mask > 0 and bit.band(mask, mask - 1) == 0 and bit.band(value, mask) ~= 0 then
            words[#words + 1] = name
        end
    end
    table.sort(words)
    return table.concat(words, "|")
end

local function add_value(branch, key, range, values, name)
    local item = branch:add_le(fields[key], range)
    local how = shown[key]
    if range:len() <= 4 then
        values[name] = range:le_uint()
        if how and how.bits then
            item:append_text(" {" .. bits_text(values[name], how.bits) .. "}")
        end
    end
end

-- Adds a struct as a branch with a leaf for each field. Returns its small numbers, the branch and its
-- range; nil when the bytes end too early.
local function add_struct(walk, tree, struct, title)
    local shape = layout.structs[struct]
    local range = take(walk, tree, shape.size)
    if not range then
        return nil
    end
    local values = {}
    local branch = tree:add(range, title)
    for _, row in ipairs(shape.fields) do
        local key = struct .. "." .. row.name
        if row.name == "reserved" or (row.size == 1 and row.count > 1) then
            branch:add(fields[key], range(row.offset, row.size * row.count))
        else
            for i = 0, row.count - 1 do
                add_value(branch, key, range(row.offset + i * row.size, row.size), values, row.name)
            end
        end
    end
    return values, branch, range
end

local function add_padding(walk, tree, size)
    if size > 0 then
        local range = take(walk, tree, size)
        if range then
            tree:add(fields.padding, range)
        end
    end
end

local function rest_to(size)
    return (ALIGN - size % ALIGN) % ALIGN
end

local function add_extensions(walk, tree, flags)
    for _, extension in ipairs(extensions) do
        if bit.band(flags, extension.flag) ~= 0 then
            for _, name in ipairs(extension.names) do
                local range = take(walk, tree, extension.size or 8)
                if not range then
                    return
                end
                tree:add_le(fields["extension." .. name], range)
            end
        end
    end
end

local function add_body(walk, tree, record, size)
    if size == 0 then
        return
    end
    local system = record.kind == number.FAB_MSG_SYSTEM and system_bodies[record.template_id]
    if system and layout.structs[system].size == size then
        add_struct(walk, tree, system, (system:gsub("^fab_system_", "system: ")))
        return
    end
    local range = take(walk, tree, size)
    if not range then
        return
    end
    if record.kind == number.FAB_MSG_SYSTEM or not mycelium_sbe.schemas[record.schema_id] then
        tree:add(fields.body, range)
        return
    end
    mycelium_sbe.dissect({ schema_id = record.schema_id, template_id = record.template_id,
                           version = record.version, block_length = record.block_length },
                         range:tvb(), tree)
end

-- The last byte of an origin says how wrong the time in it may be (mycelium/origin.h).
local function say_error(branch, origin)
    local code = origin(7, 1):uint()
    if code > 0 then
        local step = math.floor((code - 1) / 8)
        branch:append_text(string.format(", its cause wrong by at most %d ns",
                                         (8 + (code - 1) % 8) * 2 ^ step))
    end
end

local function add_record(walk, tree, size)
    local start = walk.at
    local record, branch, range = add_struct(walk, tree, "fab_msg", "record")
    if not record then
        return
    end
    if record.kind ~= number.FAB_MSG_SYSTEM then
        say_error(branch, range(ORIGIN_AT, 8))
    end
    add_extensions(walk, branch, record.flags)
    if not walk.is_cut and bit.band(record.flags, number.FAB_MSG_HAS_BUFFER) == 0 then
        add_body(walk, branch, record, start + size - walk.at)
    end
end

local function add_chunk(walk, tree)
    local chunk, branch = add_struct(walk, tree, "fab_chunk", "chunk")
    if not chunk then
        return
    end
    if bit.band(chunk.lane, number.FAB_CHUNK_SKIPPED) ~= 0 then
        branch:append_text(" (left out)")
        return
    end
    add_record(walk, tree, chunk.size)
    if not walk.is_cut then
        add_padding(walk, tree, rest_to(chunk.size))
    end
end

local function add_blocks(walk, tree, flags)
    local part
    for _, block in ipairs(blocks) do
        if bit.band(flags, block.flag) ~= 0 and not walk.is_cut then
            local values = add_struct(walk, tree, block.struct, (block.struct:gsub("^fab_", "")))
            for _ = 1, values and block.rows and values[block.rows.count] or 0 do
                if not walk.is_cut then
                    add_struct(walk, tree, block.rows.struct,
                               (block.rows.struct:gsub("^fab_", "")))
                end
            end
            part = block.is_part and values or part
        end
    end
    return part
end

local function add_part(walk, tree, part)
    local range = take(walk, tree, part.size)
    if range then
        tree:add(fields.part_bytes, range)
        add_padding(walk, tree, rest_to(part.size))
    end
end

local function add_data(walk, tree, flags)
    local part = add_blocks(walk, tree, flags)
    local chunks, stop = 0, walk.stop
    if part then
        walk.stop = stop - part.size - rest_to(part.size)
    end
    if bit.band(flags, number.FAB_FRAME_PADDED) ~= 0 and not walk.is_cut then
        add_padding(walk, tree, walk.stop - walk.at)
    end
    while not walk.is_cut and walk.at < walk.stop do
        add_chunk(walk, tree)
        chunks = chunks + 1
    end
    walk.stop = stop
    if part and not walk.is_cut then
        add_part(walk, tree, part)
    end
    return string.format(", %d record%s%s", chunks, chunks == 1 and "" or "s",
                         part and ", a part" or "")
end

local function pair_of(header)
    return string.format("%d.%d %d.%d", math.min(header.from_node, header.to_node),
                         header.from_node < header.to_node and header.from_lcore or header.to_lcore,
                         math.max(header.from_node, header.to_node),
                         header.from_node < header.to_node and header.to_lcore or header.from_lcore)
end

local function add_hello(walk, tree, header)
    local hello = add_struct(walk, tree, "fab_hello", "hello")
    if hello and hello.security ~= 0 then
        security_of[pair_of(header)] = hello.security
        add_struct(walk, tree, "fab_hello_proof", "proof")
    end
    if hello and not walk.is_cut and bit.band(hello.features, number.FAB_FEATURE_WISH) ~= 0 then
        add_struct(walk, tree, "fab_hello_wish", "wish")
    end
    if not walk.is_cut and walk.at < walk.stop then
        tree:add(fields.hello_later, take(walk, tree, walk.stop - walk.at))
    end
    return ""
end

-- What stands before the tag of a sealed frame can be read unless it is encrypted, which the HELLOs
-- of the flow said. Returns whether there is something left to walk.
local function add_seal(walk, tree, header)
    local stop = walk.stop - number.FAB_FRAME_TAG_SIZE
    if stop < walk.at then
        tree:add_proto_expert_info(experts.cut)
        walk.is_cut = true
        return false
    end
    tree:add(fields.tag, walk.tvb(stop, number.FAB_FRAME_TAG_SIZE))
    local is_plain = security_of[pair_of(header)] == number.FAB_SECURITY_AUTH
    if not is_plain and stop > walk.at then
        tree:add(fields.sealed, walk.tvb(walk.at, stop - walk.at))
    end
    walk.tag_at = stop
    walk.stop = stop
    if not is_plain then
        walk.at = stop
    end
    return is_plain
end

local function check_crc(walk, header, branch, range)
    if bit.band(header.flags, number.FAB_FRAME_NO_CRC + number.FAB_FRAME_SEALED) ~= 0 then
        return
    end
    local is_good = bit.tobit(crc32c(walk.tvb, walk.stop)) == bit.tobit(header.crc)
    branch:add(fields.crc_is_good, range(4, 4), is_good):set_generated()
    if not is_good then
        branch:add_proto_expert_info(experts.bad_crc)
    end
end

function proto.dissector(tvb, pinfo, root)
    pinfo.cols.protocol = "Mycelium"
    local walk = { tvb = tvb, at = 0, stop = tvb:reported_length_remaining() }
    local tree = root:add(proto, tvb())
    if walk.stop > tvb:len() then
        walk.stop = tvb:len()
    end
    local header, branch, range = add_struct(walk, tree, "fab_frame_header", "header")
    if not header then
        return tvb:len()
    end
    if header.size ~= tvb:len() then
        tree:add_proto_expert_info(experts.bad_size)
        walk.stop = math.min(header.size, walk.stop)
    end
    check_crc(walk, header, branch, range)
    local name, more = names_of("fab_frame_type")[header.type], ""
    if bit.band(header.flags, number.FAB_FRAME_SEALED) ~= 0 and
       not add_seal(walk, tree, header) then
        more = ", sealed"
    elseif header.type == number.FAB_FRAME_HELLO then
        more = add_hello(walk, tree, header)
    elseif header.type == number.FAB_FRAME_DATA then
        more = add_data(walk, tree, header.flags)
    elseif not name then
        tree:add_proto_expert_info(experts.bad_type)
    end
    if walk.at < walk.stop then
        tree:add(tvb(walk.at, walk.stop - walk.at), "not explained")
    end
    pinfo.cols.info = string.format("%s %d.%d to %d.%d, epoch %08x, number %d%s", name or "?",
                                    header.from_node, header.from_lcore, header.to_node,
                                    header.to_lcore, header.epoch, header.number, more)
    return tvb:len()
end

-- Ports other than the default are found by what the header says of itself.
local function looks_like_a_frame(tvb, pinfo, tree)
    if tvb:len() < layout.structs.fab_frame_header.size or tvb(0, 1):uint() < number.FAB_FRAME_VERSION_MIN or
       tvb(0, 1):uint() > number.FAB_FRAME_VERSION_MAX or
       tvb(1, 1):uint() < number.FAB_FRAME_HELLO or tvb(1, 1):uint() > number.FAB_FRAME_LEAVE or
       tvb(14, 2):le_uint() ~= tvb:len() then
        return false
    end
    proto.dissector(tvb, pinfo, tree)
    return true
end

DissectorTable.get("udp.port"):add("21000-21253", proto)
proto:register_heuristic("udp", looks_like_a_frame)

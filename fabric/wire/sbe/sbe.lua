-- SPDX-License-Identifier: BSD-3-Clause
-- What explains SBE messages in Wireshark; each file that `mycelium-sbe lua` writes begins with it,
-- so that it stands alone, and the first one loaded serves all.
--
-- mycelium_sbe.dissect is for a dissector of frames that carry such messages. A schema is also a
-- protocol of its own, sbe_<package>, for datagrams that begin with SBE's standard header: choose
-- it with "Decode As".

mycelium_sbe = mycelium_sbe or (function()
    local module = { schemas = {} }
    local HEADER_SIZE = 8
    local ENTRIES_SHOWN_MAX = 1000

    local sizes = {
        char = 1, int8 = 1, uint8 = 1, int16 = 2, uint16 = 2, int32 = 4, uint32 = 4,
        int64 = 8, uint64 = 8, float = 4, double = 8,
    }
    local ftype_of = {
        char = ftypes.CHAR, int8 = ftypes.INT8, uint8 = ftypes.UINT8, int16 = ftypes.INT16,
        uint16 = ftypes.UINT16, int32 = ftypes.INT32, uint32 = ftypes.UINT32,
        int64 = ftypes.INT64, uint64 = ftypes.UINT64, float = ftypes.FLOAT,
        double = ftypes.DOUBLE,
    }

    -- A number as text, or nil for floats, whose null is NaN and shows as such.
    local function number_text(range, kind, is_big)
        if kind == "float" or kind == "double" then
            return nil
        elseif sizes[kind] == 8 then
            local read = (is_big and "" or "le_") .. kind
            return tostring(range[read](range))
        elseif kind:sub(1, 3) == "int" then
            return tostring(is_big and range:int() or range:le_int())
        end
        return tostring(is_big and range:uint() or range:le_uint())
    end

    local function make_field(field)
        local kind = field.kind
        if field.count > 1 and kind == "char" then
            field.proto = ProtoField.string(field.filter, field.name)
        elseif field.bits then
            field.proto = ProtoField.new(field.name, field.filter, ftype_of[kind], nil, base.HEX)
        elseif kind == "float" or kind == "double" then
            field.proto = ProtoField.new(field.name, field.filter, ftype_of[kind])
        elseif kind == "char" then
            field.proto = ProtoField.new(field.name, field.filter, ftypes.UINT8, field.choices,
                                         base.DEC)
        else
            field.proto = ProtoField.new(field.name, field.filter, ftype_of[kind], field.choices,
                                         base.DEC)
        end
    end

    local function each_field(block, visit)
        for _, field in ipairs(block.fields) do
            visit(field)
        end
        for _, group in ipairs(block.groups) do
            each_field(group, visit)
        end
        for _, data in ipairs(block.data) do
            visit(data)
        end
    end

    local function names_of_bits(range, field, is_big)
        local names, size = {}, sizes[field.kind]
        for i = 0, size * 8 - 1 do
            local index = math.floor(i / 8)
            local byte = range(is_big and size - 1 - index or index, 1):uint()
            if math.floor(byte / 2 ^ (i % 8)) % 2 == 1 then
                names[#names + 1] = field.bits[i] or ("bit " .. i)
            end
        end
        return table.concat(names, "|")
    end

    local function add_one(tree, field, range, is_big)
        local item = is_big and tree:add(field.proto, range) or tree:add_le(field.proto, range)
        if field.bits then
            item:append_text(" {" .. names_of_bits(range, field, is_big) .. "}")
        elseif field.null and number_text(range, field.kind, is_big) == field.null then
            item:append_text(" (null)")
        elseif field.kind == "char" and not field.choices and range:uint() >= 32 and
               range:uint() < 127 then
            item:append_text(" '" .. string.char(range:uint()) .. "'")
        end
    end

    local function add_field(tree, field, range, is_big)
        local size = sizes[field.kind]
        if field.count > 1 and field.kind == "char" then
            tree:add(field.proto, range)
            return
        end
        for i = 0, field.count - 1 do
            add_one(tree, field, range(i * size, size), is_big)
        end
    end

    -- A walk through one message: `at` moves on, `cut` is set when the bytes end too early.
    local walk_block

    local function room(state, size)
        if state.at + size > state.tvb:len() then
            state.cut = true
        end
        return not state.cut
    end

    local function read_number(state, kind, offset)
        local range = state.tvb(state.at + offset, sizes[kind])
        return state.is_big and range:uint() or range:le_uint()
    end

    local function walk_group(state, tree, group)
        if state.version < group.since or not room(state, group.size) then
            return
        end
        local length = read_number(state, group.length_kind, group.length_at)
        local count = read_number(state, group.count_kind, group.count_at)
        local branch = tree:add(state.tvb(state.at, group.size),
                                string.format("%s: %d entries", group.name, count))
        state.at = state.at + group.size
        for i = 1, math.min(count, ENTRIES_SHOWN_MAX) do
            local before = state.at
            if not room(state, length) then
                return
            end
            local entry = branch:add(state.tvb(state.at, length), string.format("[%d]", i - 1))
            walk_block(state, entry, group, length)
            if state.cut or state.at == before then
                return
            end
        end
        if count > ENTRIES_SHOWN_MAX then
            branch:add("the rest is not shown")
            state.cut = true
        end
    end

    local function walk_data(state, tree, data)
        local head = sizes[data.kind]
        if state.version < data.since or not room(state, head) then
            return
        end
        local size = read_number(state, data.kind, 0)
        if not room(state, head + size) then
            return
        end
        if size > 0 then
            tree:add(data.proto, state.tvb(state.at + head, size))
        end
        state.at = state.at + head + size
    end

    walk_block = function(state, tree, block, length)
        local start = state.at
        for _, field in ipairs(block.fields) do
            local size = sizes[field.kind] * field.count
            if state.version >= field.since and field.offset + size <= length then
                add_field(tree, field, state.tvb(start + field.offset, size), state.is_big)
            end
        end
        state.at = start + length
        for _, group in ipairs(block.groups) do
            if not state.cut then
                walk_group(state, tree, group)
            end
        end
        for _, data in ipairs(block.data) do
            if not state.cut then
                walk_data(state, tree, data)
            end
        end
    end

    -- Adds a message's fields to a tree; `head` has schema_id, template_id, version, block_length.
    -- Answers the message's name, or nil for one that no loaded schema knows.
    function module.dissect(head, tvb, tree)
        local schema = module.schemas[head.schema_id]
        local message = schema and schema.messages[head.template_id]
        if not message then
            tree:add(tvb(), string.format("schema %d, template %d: not known here",
                                          head.schema_id, head.template_id))
            return nil
        end
        local state = { tvb = tvb, at = 0, version = head.version, is_big = schema.is_big }
        local branch = tree:add(schema.proto, tvb(), message.name)
        if room(state, head.block_length) then
            walk_block(state, branch, message, head.block_length)
        end
        if state.cut then
            branch:append_text(" (cut)")
        end
        return message.name
    end

    local function header_of(tvb, is_big)
        local function read(offset)
            return is_big and tvb(offset, 2):uint() or tvb(offset, 2):le_uint()
        end
        return { block_length = read(0), template_id = read(2), schema_id = read(4),
                 version = read(6) }
    end

    -- Makes a schema known, its fields filterable, and its protocol choosable for UDP.
    function module.register(schema)
        local proto = Proto("sbe_" .. schema.name, "SBE " .. schema.name)
        local fields = {}
        for _, message in pairs(schema.messages) do
            each_field(message, function(field)
                if field.count then
                    make_field(field)
                else
                    field.proto = ProtoField.bytes(field.filter, field.name)
                end
                fields[#fields + 1] = field.proto
            end)
        end
        proto.fields = fields
        schema.proto = proto
        module.schemas[schema.id] = schema
        function proto.dissector(tvb, pinfo, tree)
            if tvb:len() < HEADER_SIZE then
                return 0
            end
            local name = module.dissect(header_of(tvb, schema.is_big),
                                        tvb(HEADER_SIZE):tvb(), tree)
            pinfo.cols.protocol = proto.name
            pinfo.cols.info = name or "unknown message"
            return tvb:len()
        end
        DissectorTable.get("udp.port"):add_for_decode_as(proto)
    end

    return module
end)()

/* Which fields' values a slice reads.
 *
 * The first that happens to a field decides: once the slice has set it itself, what it reads there
 * is its own. Rows of registers that an instruction takes are never fields; see compile_as(). */
#include "lang/vm_machine.h"

static void touch(Vm *vm, uint32_t location, FieldTouch how)
{
    if (location < vm->code->field_count && vm->touched[location] == FIELD_UNTOUCHED)
        vm->touched[location] = (uint8_t)how;
}

static void reads_one(Vm *vm, uint32_t from, uint32_t to)
{
    touch(vm, from, FIELD_READ);
    touch(vm, to, FIELD_SET);
}

void vm_trace(Vm *vm, Instruction in)
{
    switch ((Opcode)in.opcode) {
    case OPCODE_MOVE:
    case OPCODE_SHARE:
    case OPCODE_ADD_SMALL:
    case OPCODE_NOT:
    case OPCODE_NEG:
    case OPCODE_CHECK:
    case OPCODE_MEMBER:
    case OPCODE_SLOT:
        reads_one(vm, in.b, in.a);
        break;
    case OPCODE_ADD:
    case OPCODE_SUB:
    case OPCODE_MUL:
    case OPCODE_DIV:
    case OPCODE_MOD:
    case OPCODE_EQ:
    case OPCODE_NE:
    case OPCODE_LT:
    case OPCODE_LE:
    case OPCODE_GT:
    case OPCODE_GE:
    case OPCODE_AND:
    case OPCODE_OR:
    case OPCODE_INDEX:
        touch(vm, in.c, FIELD_READ);
        reads_one(vm, in.b, in.a);
        break;
    case OPCODE_SET_INDEX: /* what has another part is still made of the others */
        touch(vm, in.b, FIELD_READ);
        touch(vm, in.a, FIELD_READ);
        touch(vm, in.c, FIELD_READ);
        break;
    case OPCODE_SET_SLOT:
        touch(vm, in.a, FIELD_READ);
        touch(vm, in.c, FIELD_READ);
        break;
    case OPCODE_GROW:
        touch(vm, in.a, FIELD_READ);
        touch(vm, in.b, FIELD_READ);
        break;
    case OPCODE_JUMP_FALSE:
    case OPCODE_SKIP_FALSE:
    case OPCODE_SKIP_TRUE:
    case OPCODE_RESULT:
    case OPCODE_FAIL:
        touch(vm, in.a, FIELD_READ);
        break;
    case OPCODE_CONST:
    case OPCODE_CALL:
    case OPCODE_CONCAT:
    case OPCODE_LIST:
    case OPCODE_MAP:
    case OPCODE_RECORD:
    case OPCODE_BUILTIN:
    case OPCODE_KEY:
    case OPCODE_OLD:
        touch(vm, in.a, FIELD_SET);
        break;
    case OPCODE_FIELD:
    case OPCODE_JUMP:
    case OPCODE_EACH:
    case OPCODE_END:
    case OPCODE_YIELD:
    case OPCODE_EFFECT:
    case OPCODE_PARALLEL:
    case OPCODE_TOGETHER:
    case OPCODE_FACT:
    case OPCODE_KNOWN:
    case OPCODE_EVENT:
    case OPCODE_MESSAGE:
    case OPCODE_SPAWN:
    case OPCODE_STOP:
    case OPCODE_RELEASE:
    case OPCODE_LOG:
        break;
    }
}

const bool *vm_reads(const Vm *vm)
{
    bool *reads = arena_array(vm->arena, bool, vm->domain->field_count);

    for (uint32_t i = 0; i < vm->domain->field_count; i++)
        reads[i] = vm->touched[i] == FIELD_READ;
    return reads;
}

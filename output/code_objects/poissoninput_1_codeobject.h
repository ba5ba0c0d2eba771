#ifndef _INCLUDED_poissoninput_1_codeobject
#define _INCLUDED_poissoninput_1_codeobject

void _run_poissoninput_1_codeobject();


#endif

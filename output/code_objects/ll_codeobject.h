#ifndef _INCLUDED_ll_codeobject
#define _INCLUDED_ll_codeobject

void _run_ll_codeobject();


#endif

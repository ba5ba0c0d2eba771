#ifndef _INCLUDED_ll_mon_pre_codeobject
#define _INCLUDED_ll_mon_pre_codeobject

void _run_ll_mon_pre_codeobject();

void _debugmsg_ll_mon_pre_codeobject();

#endif
